"""The API keeps its own word: whatever is sent to it, no address fails, and each answers as its document says."""

from __future__ import annotations

import collections
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from integration.accounts.conftest import API, Visitor
from integration.control_plane.conftest import Place, running_place
from integration.hub.conftest import PASSWORD
from notehouse_core.settings import Settings
from notehouse_hub.service.app import create_app

load_all_checks()
SEEN: collections.Counter[int] = collections.Counter()
CHECKED = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "response_headers_conformance",
    ]
)
# What there is: half of the time paths name it (but for deletes, which leave it to the others), else anything.
KNOWN: dict[str, list[Any]] = {
    "slug": ["united"],
    "role_name": ["analyst", "viewer"],
    "username": ["viewer", "other"],
    "reference": ["united:fuzzed"],
    "number": [1],
}


@pytest.fixture(scope="module")
def fuzzed(code_python: Path) -> Iterator[Place]:
    """A place of its own: much of it is changed and taken away."""
    with running_place(code_python, NOTEHOUSE_REQUESTS_A_MINUTE="1000000") as place:
        chief = place.as_("chief")
        chief.ok("POST", "/dashboards", {"slug": "fuzzed", "name": "F"})
        kept = chief.ok("POST", "/saved-queries", {"name": "fuzzed", "sql": "SELECT {x:String}"})
        KNOWN["query_id"] = [kept["id"]]
        KNOWN["source_id"] = [one["id"] for one in chief.ok("GET", "/data-sources")["items"]]
        yield place


schema = schemathesis.openapi.from_dict(create_app(Settings()).openapi()).include(path_regex=f"^{API}/")
schema.config.generation.update(with_security_parameters=False)  # who asks is logged in
# Not by schemathesis's own decorator: all its tests have one id, and processes beside each other tell tests by their ids.
OPERATIONS = [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]  # an error has none
MODES = st.sampled_from([GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE])


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
@given(data=st.data())
@settings(
    max_examples=int(os.environ.get("NOTEHOUSE_TEST_EXAMPLES", "12")),
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_each_address_answers_as_its_document_says(
    fuzzed: Place, operation: Any, data: st.DataObject
) -> None:
    case = data.draw(operation.as_strategy(generation_mode=data.draw(MODES)))
    sent = case.body if isinstance(case.body, dict) else {}
    chance = random.Random(repr((sent, dict(case.query or {}))))
    for name in sorted(KNOWN.keys() & (case.path_parameters or {}).keys()):
        if case.method != "DELETE" and chance.random() < 0.5:
            case.path_parameters[name] = chance.choice(KNOWN[name])
    chief = fuzzed.as_("chief")
    headers = {"X-XSRFToken": chief.xsrf, "Accept": "application/json"}
    answer = case.call(base_url=fuzzed.url, headers=headers, cookies=dict(chief.client.cookies))
    SEEN[answer.status_code] += 1
    case.validate_response(answer, checks=CHECKED)
    if answer.status_code == 401:  # a session of its own was ended: go on with another
        fuzzed.visitors["chief"] = Visitor(fuzzed.house.hub).enter("chief", PASSWORD)


def test_much_of_it_came_through(fuzzed: Place) -> None:
    print(f"{SEEN.total()} requests: {dict(sorted(SEEN.items()))}")
    assert SEEN.total() > 1000
    assert sum(count for status, count in SEEN.items() if status < 300) > 50
    assert not [status for status in SEEN if status >= 500]
