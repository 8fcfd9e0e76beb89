"""Mutated statements: what passes did, by the engine's own account, nothing that is denied; and nothing harmless is refused.

NOTEHOUSE_FUZZ_SECONDS makes it longer, NOTEHOUSE_FUZZ_SEED makes it another.
"""

import itertools
import json
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import httpx
import pytest

from contracts.statements import PARAMETERS, statements, themes
from integration.query_gateway.conftest import House
from integration.query_gateway.mutations import Mutations
from integration.query_gateway.planted import PlantedFile
from notehouse_core.access import Limits
from notehouse_hub.rights.profile import profile_of
from notehouse_hub.service.query_gateway import shares
from notehouse_hub.service.query_gateway.gate import functions, settings_allowed, system_tables

SECONDS = float(os.environ.get("NOTEHOUSE_FUZZ_SECONDS", "6"))
SEED = int(os.environ.get("NOTEHOUSE_FUZZ_SEED", "1"))
GIVEN = {f"param_{name}": value for name, value in PARAMETERS.items()}
BATCH = 400
_HIDDEN = ("canary-1", "canary-2", "canary-3")  # in rows that the class does not read
_PROFILE = profile_of(Limits())
_OF_THE_ENGINE = {
    "log_comment",
    "output_format_arrow_use_native_writer",
    "allow_experimental_analyzer",
}  # EXPLAIN sets the last
# What the oracle of false refusals does not look into.
_ODD = re.compile(
    r"system|information_schema|outfile|identifier|\.\s*\*|[\x00-\x1f\x7f\\/]|apply|values",
    re.IGNORECASE,
)
_OF_THE_GATEWAY = shares.SETTINGS
LIMITS = {"max_execution_time": "3", "max_result_rows": "10000", "result_overflow_mode": "break"}

# What a statement that ran has used, as the engine wrote it down.
_DONE = """
SELECT query, used_functions AS functions, used_table_functions AS table_functions, used_dictionaries AS dictionaries,
    tables, Settings AS settings, query_kind AS kind
FROM system.query_log
WHERE startsWith(user, 'nh_') AND user != 'nh_gate' AND event_time_microseconds >= fromUnixTimestamp64Micro({since})
    AND type IN ('QueryStart', 'QueryFinish', 'ExceptionWhileProcessing') FORMAT JSONEachRow
"""
_WRITES = re.compile(r"INSERT\b.*\bINTO\b", re.IGNORECASE | re.DOTALL)
_IN_SESSIONS = {"Create", "Drop", "Set"}
_TEMPORARY = re.compile(r"\b(TEMPORARY\b.*\bTABLE|SET)\b", re.IGNORECASE | re.DOTALL)
_FUNCTION = re.compile(r"^ *Function (.+?)(?: \(alias .*)?(?: \(children \d+\))?$")
_PLAIN_KINDS = re.compile(
    r"^ *(SelectWithUnionQuery|SelectQuery|ExpressionList|Function|Identifier|TableIdentifier|Literal|Subquery|Asterisk"
    r"|TablesInSelectQuery|TablesInSelectQueryElement|TableExpression|TableJoin|OrderByElement|WithElement)\b"
)


@pytest.mark.timeout(SECONDS + 120)
def test_mutated_statements(house: House, tmp_path_factory: pytest.TempPathFactory) -> None:
    planted = PlantedFile(tmp_path_factory.mktemp("planted"))
    fuzz = _Fuzz(house, planted)
    until, rounds = time.monotonic() + SECONDS, 0
    while time.monotonic() < until:
        fuzz.round(SEED * 1_000_003 + rounds)
        rounds += 1
    print(f"{fuzz.sent} statements, {fuzz.passed} passed, {fuzz.looked_at} looked at in the query log")
    assert fuzz.found == {}, "\n".join(f"{what}: {which!r}" for what, which in fuzz.found.items())
    assert fuzz.rows() == fuzz.before, "rows of tables that nobody writes to"
    assert fuzz.passed > 100
    assert fuzz.looked_at >= fuzz.passed
    assert not planted.was_opened()
    assert not list(planted.path.parent.glob("*.out"))


class _Fuzz:
    """Rounds of statements, and what was found."""

    def __init__(self, house: House, planted: PlantedFile) -> None:
        self.found: dict[str, str] = {}  # what, and a statement that shows it
        self.sent = self.passed = self.looked_at = 0
        self._house, self._planted = house, planted
        self._client = httpx.Client(timeout=60)
        self._sessions = itertools.cycle([f"fuzz-{number}" for number in range(50)])
        self.before = self.rows()
        self._corpus = {
            kind: [one for theme in themes(kind) for one in statements(kind, theme, str(planted.path))]
            for kind in ("pass", "refuse")
        }

    def rows(self) -> list[str]:
        """What the tables hold that nobody may write to."""
        tables = ("flights.flights", "flights.airlines", "vault.hidden", "flights.late")
        counted = [f"SELECT '{table}', count() FROM {table}" for table in tables]
        return sorted(self._house.clickhouse.query(" UNION ALL ".join(counted)).splitlines())

    def round(self, seed: int) -> None:
        """Send one batch, then read what the engine says it did."""
        since = int(time.time() * 1e6)
        made = Mutations(seed, self._corpus["pass"], self._corpus["refuse"], str(self._planted.path))
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(self._try, [made.one() for _ in range(BATCH)]))
        self._house.clickhouse.query("SYSTEM FLUSH LOGS query_log")
        for line in self._house.clickhouse.query(_DONE.replace("{since}", str(since))).splitlines():
            self.looked_at += 1
            self._judge(json.loads(line))

    def _try(self, statement: str) -> None:
        try:
            answer = self._ask(statement)
        except httpx.RemoteProtocolError:
            return  # it failed after its answer had begun, which the engine tells by cutting it
        self.sent += 1
        if answer.status_code == 200:
            self.passed += 1
        if any(word in answer.text for word in (self._planted.canary, *_HIDDEN) if word not in statement):
            self.found["a secret was shown"] = statement
        if answer.status_code == 500 and "The query gateway failed" in answer.text:
            self.found["the gateway failed"] = statement
        if answer.headers.get("X-ClickHouse-Exception-Code") in {"497", "62"}:
            self._should_pass(statement, answer)

    def _ask(self, statement: str) -> httpx.Response:
        return self._client.post(
            self._house.url,
            content=statement.encode("utf-8", "surrogatepass"),
            params=GIVEN | LIMITS | ({"session_id": next(self._sessions)} if len(statement) % 2 else {}),
            headers={"Authorization": f"Bearer {self._house.united}"},
        )

    def _should_pass(self, statement: str, answer: httpx.Response) -> None:
        """A statement of plain parts only, by the engine's own tree, is not to be refused by the gate."""
        if any(words in answer.text for words in ("Not enough privileges", "(version", "Syntax error")):
            return  # the engine's word
        tree = self._explained("AST", statement)
        if tree.status_code != 200 or not self._is_plain(statement, tree.text.rstrip("\n").split("\n")):
            return
        planned = self._explained("PLAN", statement)  # it may be wrong within, as a pattern can be
        if planned.headers.get("X-ClickHouse-Exception-Code") != "62":
            self.found[f"refused: {answer.text[:200]}"] = statement

    def _explained(self, what: str, statement: str) -> httpx.Response:
        """What the engine itself makes of a statement."""
        return self._client.post(
            self._house.clickhouse.url,
            content=f"EXPLAIN {what} ".encode() + statement.encode("utf-8", "surrogatepass"),
            params=GIVEN
            | {"default_format": "TSVRaw", "readonly": "2", "max_execution_time": "3", "database": "flights"},
            headers={"X-Notehouse-Key": self._house.clickhouse.key},
        )

    def _is_plain(self, statement: str, tree: list[str]) -> bool:
        called = [(found[1], above) for above, line in pairwise(tree) if (found := _FUNCTION.match(line))]
        return (
            tree[0].startswith("SelectWithUnionQuery")
            and all(_PLAIN_KINDS.match(line) for line in tree)
            and all(
                name.lower() in functions.TABLE_FUNCTIONS
                if above.strip().startswith("TableExpression")
                else functions.is_allowed(name)
                for name, above in called
            )
            and not _ODD.search(statement)
        )

    def _judge(self, done: dict[str, Any]) -> None:
        """Hold what the engine has used against what may be used."""
        used = {name.lower() for name in done["functions"] if not name.startswith("__")}  # the planner's own
        if bad := used & functions.DENIED:
            self._found("used", bad, done)
        if (
            bad := {name.lower() for name in done["table_functions"]}
            - functions.TABLE_FUNCTIONS
            - {"viewexplain"}
        ):
            self._found("read from", bad, done)
        if done["dictionaries"]:
            self._found("read from", set(done["dictionaries"]), done)
        readable = {f"system.{name}" for name in system_tables.READABLE}
        own = ("flights.", "_table_function.", "_temporary_and_external_tables.")
        if bad := {name for name in done["tables"] if name not in readable and not name.startswith(own)}:
            self._found("read", bad, done)
        writes = done["kind"] == "Insert" and _WRITES.search(str(done["query"])) is not None
        given = {
            name: value for name, value in done["settings"].items() if not (writes and name == "readonly")
        }
        if bad := {name for name, value in given.items() if not _is_given(name, value)}:
            self._found("set", bad, done)
        keeps = done["kind"] in _IN_SESSIONS and _TEMPORARY.search(str(done["query"]))
        reads = done["kind"] in {"Select", "Show", "Describe", "Explain", "Exists", "None", ""}
        if not (writes or keeps or reads):
            self._found("ran", {str(done["kind"])}, done)

    def _found(self, what: str, names: set[str], done: dict[str, Any]) -> None:
        self.found[f"{what}: {', '.join(sorted(names))}"] = str(done["query"])


def _is_given(name: str, value: str) -> bool:
    """Say whether a setting has a value that a caller may give, or the one that is ours."""
    ours = _PROFILE.get(name)
    if ours is not None and ours.const and ours.value is not None:
        return value == ours.value
    bounded = ours is not None and not ours.const
    from_us = (name, value) in _OF_THE_GATEWAY or name in _OF_THE_ENGINE
    return bounded or from_us or settings_allowed.is_allowed(name)
