"""Messages of a Kafka topic are in front of the people of their airline, seconds after they were sent."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import httpx

from acceptance.platform import Person, eventually
from contracts.kafka import Kafka
from notehouse_hub.sample.departures import DEPARTURES

People = Callable[..., Person]

MARK = f"N{uuid4().hex[:8]}"  # of this run: the messages of an earlier one are still there
COUNTED = f"SELECT count(), uniqExact(carrier), sum(delay) FROM departures FINAL WHERE tailnum = '{MARK}'"
REFUSED = f"SELECT count() FROM departures_rejected WHERE message = '{MARK} is no JSON'"


def departure(carrier: str, flight: int) -> dict[str, object]:
    place = {"origin": "EWR", "dest": "IAH", "scheduled": "2013-07-01T05:15:00-04:00"}
    return {"carrier": carrier, "flight": flight, "tailnum": MARK, "delay": flight, **place}


def test_each_airline_sees_its_own_messages_and_the_admin_what_could_not_be_read(
    kafka: Kafka, person: People
) -> None:
    sent = [departure("UA", flight) for flight in range(1, 101)] + [departure("DL", 7)]
    kafka.send(DEPARTURES.topic, [*sent, f"{MARK} is no JSON".encode()])
    seen = {"united-analyst": [100, 1, 5050], "delta-analyst": [1, 1, 7], "admin": [101, 2, 5057]}
    for name, row in seen.items():
        with person(name).api() as api:
            eventually(lambda: _asked(api, COUNTED) == [[str(one) for one in row]], 40, name)  # noqa: B023
            if name == "admin":
                eventually(lambda: _asked(api, REFUSED) == [["1"]], 40, "the bad one")
            else:
                refused = api.post("queries", json={"data_source": "live", "sql": REFUSED})
                assert refused.status_code == 422, refused.text


def _asked(api: httpx.Client, sql: str) -> list[list[str]]:
    answer = api.post("queries", json={"data_source": "live", "sql": sql})
    return [[str(value) for value in row] for row in answer.raise_for_status().json()["rows"]]
