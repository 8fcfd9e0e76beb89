"""The corpus of statements: those that must pass pass and run, those that must not are refused by the gate itself."""

import asyncio
import secrets
from pathlib import Path

import pytest
from pydantic import SecretStr

from contracts import statements as corpus
from contracts.statements import PARAMETERS, REFUSED_BY_GRANTS, statements, themes
from integration.query_gateway.conftest import CLASS_SECRET, House
from integration.query_gateway.planted import PlantedFile
from notehouse_core.settings import Settings
from notehouse_hub.service.query_gateway.gate.gate import Gate, Statement
from notehouse_hub.service.query_gateway.questions import Questions
from notehouse_hub.service.query_gateway.refusal import Refusal
from notehouse_hub.service.query_gateway.upstream import Pool

GIVEN = {f"param_{name}": value for name, value in PARAMETERS.items()}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> PlantedFile:
    return PlantedFile(tmp_path_factory.mktemp("planted"))


def test_there_are_many() -> None:
    assert sum(len(list(statements("pass", theme))) for theme in themes("pass")) >= 300
    assert sum(len(list(statements("refuse", theme))) for theme in themes("refuse")) >= 300
    assert Path(corpus.__file__).parent.name == "statements"


@pytest.mark.parametrize("theme", themes("pass"))
def test_passes_and_runs(house: House, theme: str) -> None:
    session = {"session_id": secrets.token_hex(4)} if theme == "sessions" else {}
    answers = [(each, house.ask(each, **GIVEN, **session)) for each in statements("pass", theme)]
    assert [(each, answer.text) for each, answer in answers if answer.status_code != 200] == []


@pytest.mark.parametrize("theme", themes("refuse"))
def test_is_refused_as_clickhouse_refuses(house: House, planted: PlantedFile, theme: str) -> None:
    for statement in statements("refuse", theme, str(planted.path)):
        answer = house.ask(statement, **GIVEN)
        assert answer.status_code >= 400, (statement, answer.text)
        code = answer.headers["X-ClickHouse-Exception-Code"]
        assert answer.text.startswith(f"Code: {code}. DB::Exception: "), statement
        said = answer.text.replace(statement, "")
        assert not any(secret in said for secret in ("canary", "root:")), statement
        assert code != "210", statement
    assert not planted.was_opened()


def test_the_gate_alone_refuses(house: House) -> None:
    """No grant is needed for it: the gate's own word, before anything is run."""
    passed = asyncio.run(_passed_by_the_gate(house))
    assert passed == []


async def _passed_by_the_gate(house: House) -> list[str]:
    settings = Settings(
        clickhouse_url=house.clickhouse.url,
        clickhouse_key=SecretStr(house.clickhouse.key),
        class_secret=SecretStr(CLASS_SECRET),
    )
    pool = Pool(house.clickhouse.url)
    gate, passed = Gate(Questions(settings, pool)), []
    for theme in set(themes("refuse")) - REFUSED_BY_GRANTS:
        for statement in statements("refuse", theme):
            try:
                await gate.check(Statement(statement.encode(), PARAMETERS, "flights"))
            except Refusal:
                continue
            passed.append(statement)
    pool.close()
    return passed


def test_a_watched_file_tells_that_it_was_opened(planted: PlantedFile) -> None:
    assert not planted.was_opened()
    assert planted.canary in planted.path.read_text()
    assert planted.was_opened()
