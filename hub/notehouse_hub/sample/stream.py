"""How do the messages of a Kafka topic become rows, exactly as sent and none lost?

    topic → <intake>.<name>_queue → <intake>.<name>_landing → <database>.<name>           what could be read
                                                            → <database>.<name>_rejected  what could not, and why

The landing keeps nothing: it gives each block to both tables before the block is acknowledged, so a message is in one
of them or comes again. A message that comes twice (ClickHouse was killed before it acknowledged) has the same place in
its topic, and the tables merge it: ask them with FINAL. How far the topic was read is kept by Kafka.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from notehouse_core.errors import Invalid
from notehouse_hub.sample.tables import Column, escaped
from notehouse_hub.sample.warehouse import Warehouse

_BROKERS = re.compile(r"[\w.\-]+:\d+(,[\w.\-]+:\d+)*")
_PLACE = (
    Column("topic", "LowCardinality(String)", "Topic of the message"),
    Column("partition", "UInt32", "Partition of the message"),
    Column("offset", "UInt64", "Place of the message in its partition"),
    Column("sent", "DateTime64(3, 'UTC')", "When the message was sent"),
    Column("received", "DateTime64(3, 'UTC')", "When the message became a row"),
)
_REJECTED = (
    Column(
        "message", "String", "The message, byte by byte; as it was understood where only a value is missing"
    ),
    Column("error", "String", "Why it could not be read"),
    *_PLACE,
)
_PLACE_VALUES = (
    "_topic AS topic, toUInt32(_partition) AS partition, _offset AS offset, "
    "ifNull(_timestamp_ms, toDateTime64(0, 3)) AS sent, now64(3) AS received"
)
_READING = {
    "kafka_format": "JSONEachRow",
    "kafka_handle_error_mode": "stream",
    "kafka_flush_interval_ms": "500",
    "date_time_input_format": "best_effort",
}


@dataclass(frozen=True)
class Stream:
    """A topic and the table that its messages become rows of; `required` columns no message may leave out."""

    database: str
    name: str
    comment: str
    key: str
    columns: tuple[Column, ...]
    required: tuple[str, ...]
    intake: str = "intake"

    @property
    def topic(self) -> str:
        """Topic in Kafka; the group that reads it has the same name."""
        return f"notehouse.{self.name}"

    def tables(self) -> list[str]:
        """Return the statements that make the tables people read; they may be there already."""
        return [
            f"CREATE DATABASE IF NOT EXISTS {self.database} COMMENT 'What arrives as it happens'",
            _table(
                f"{self.database}.{self.name}",
                (*self.columns, *_PLACE),
                f"ENGINE = ReplacingMergeTree ORDER BY ({self.key}, topic, partition, offset, sent)",
                self.comment,
            ),
            _table(
                f"{self.database}.{self.name}_rejected",
                _REJECTED,
                "ENGINE = ReplacingMergeTree ORDER BY (topic, partition, offset, sent)",
                f"Messages that could not become rows of {self.name}",
            ),
        ]

    def stop(self) -> list[str]:
        """Return the statements that end the reading: the queue first, so that nothing is taken and then lost."""
        views = ("arrivals", "rows", "refusals")
        return [
            f"DROP TABLE IF EXISTS {self.intake}.{self.name}_queue SYNC",
            *(f"DROP VIEW IF EXISTS {self.intake}.{self.name}_{view} SYNC" for view in views),
            f"DROP TABLE IF EXISTS {self.intake}.{self.name}_landing SYNC",
        ]

    def start(self, brokers: str) -> list[str]:
        """Return the statements that begin the reading; the view on the queue is last, for it opens the tap."""
        here = f"{self.intake}.{self.name}"
        return [
            f"CREATE DATABASE IF NOT EXISTS {self.intake} COMMENT 'Where messages come in'",
            f"CREATE TABLE {here}_landing ({self._sent()}, {_bare(_REJECTED)}) ENGINE = Null",
            self._view("rows", self.name, f"{self._names()}, {_names(_PLACE)}", f"WHERE empty({self._fault()})"),
            self._view(
                "refusals", f"{self.name}_rejected", f"message, {self._fault()} AS error, {_names(_PLACE)}",
                f"WHERE notEmpty({self._fault()})",
            ),
            f"CREATE TABLE {here}_queue ({self._sent()}) ENGINE = Kafka SETTINGS {self._reading(brokers)}",
            f"CREATE MATERIALIZED VIEW {here}_arrivals TO {here}_landing AS SELECT {self._names()}, "  # noqa: S608
            f"{self._message()} AS message, toValidUTF8(_error) AS error, {_PLACE_VALUES} FROM {here}_queue",
        ]  # fmt: skip

    def _view(self, name: str, target: str, values: str, condition: str) -> str:
        here = f"{self.intake}.{self.name}"
        return (
            f"CREATE MATERIALIZED VIEW {here}_{name} TO {self.database}.{target} "  # noqa: S608 - names of our own
            f"AS SELECT {values} FROM {here}_landing {condition}"
        )

    def _sent(self) -> str:
        """Return the columns as messages have them: any may be missing, and one that is must not become a zero."""
        plain = {
            column.name: re.sub(r"^LowCardinality\((.*)\)$", r"\1", column.type) for column in self.columns
        }
        nullable = {
            name: kind if kind.startswith("Nullable(") else f"Nullable({kind})"
            for name, kind in plain.items()
        }
        return ", ".join(f"`{name}` {kind}" for name, kind in nullable.items())

    def _names(self) -> str:
        return _names(self.columns)

    def _message(self) -> str:
        """Return the expression of the message; ClickHouse keeps the bytes only of one that it could not read."""
        return f"if(empty(_error), formatRowNoNewline('JSONEachRow', {self._names()}), _raw_message)"

    def _fault(self) -> str:
        """Return the expression that says what is wrong with a message, '' for nothing."""
        missing = "".join(f"isNull(`{name}`), 'There is no {name}.', " for name in self.required)
        return f"if(notEmpty(error), error, multiIf({missing}''))"

    def _reading(self, brokers: str) -> str:
        if not _BROKERS.fullmatch(brokers):
            raise Invalid(f"NOTEHOUSE_KAFKA_BROKERS is {brokers!r}. Give host:port, several with commas.")
        settings = {
            "kafka_broker_list": brokers,
            "kafka_topic_list": self.topic,
            "kafka_group_name": self.topic,
            **_READING,
        }
        return ", ".join(f"{name} = '{escaped(value)}'" for name, value in settings.items())


def follow(warehouse: Warehouse, stream: Stream, brokers: str) -> str:
    """Make the tables and read the topic into them, if there are brokers; returns a line about it.

    Raises SourceDown, Invalid.
    """
    begin = stream.start(brokers) if brokers else []
    for statement in [*stream.tables(), *stream.stop(), *begin]:
        warehouse.execute(statement)
    return f"{stream.database}.{stream.name}: " + (
        f"reads topic {stream.topic} from {brokers}"
        if brokers
        else "reads no topic, NOTEHOUSE_KAFKA_BROKERS is empty"
    )


def _table(name: str, columns: tuple[Column, ...], engine: str, comment: str) -> str:
    body = ", ".join(column.definition() for column in columns)
    return f"CREATE TABLE IF NOT EXISTS {name} ({body}) {engine} COMMENT '{escaped(comment)}'"


def _bare(columns: tuple[Column, ...]) -> str:
    return ", ".join(f"`{column.name}` {column.type}" for column in columns)


def _names(columns: tuple[Column, ...]) -> str:
    return ", ".join(f"`{column.name}`" for column in columns)
