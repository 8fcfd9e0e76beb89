"""A Kafka for tests: librdkafka's mock cluster, real brokers on sockets that live as long as their producer."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from confluent_kafka import Producer


class Kafka:
    """A cluster with one broker; or, given its brokers, one that runs elsewhere."""

    def __init__(self, brokers: str = "") -> None:
        mock = {} if brokers else {"test.mock.num.brokers": 1}
        self._producer = Producer({"bootstrap.servers": brokers or "mock", "log_level": 3, **mock})
        found = self._producer.list_topics(timeout=10).brokers.values()
        self.brokers = ",".join(f"{one.host}:{one.port}" for one in found)

    def send(self, topic: str, messages: Iterable[dict[str, Any] | bytes]) -> None:
        """Send messages, and return when the cluster has them all."""
        for message in messages:
            self._producer.produce(topic, message if isinstance(message, bytes) else json.dumps(message))
            self._producer.poll(0)
        if left := self._producer.flush(20):
            raise TimeoutError(f"{left} messages were not taken")
