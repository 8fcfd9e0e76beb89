"""What goes up to ClickHouse for a client's request? One request, written anew from an allow-list.

A parameter is passed, dropped, or refused with its name; whose user, quota and query id it is, is ours to say.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import uuid4

from notehouse_core.access import clickhouse_user
from notehouse_hub.service.query_gateway import external_tables, sessions
from notehouse_hub.service.query_gateway.client_request import Asked, ClientRequest
from notehouse_hub.service.query_gateway.external_tables import ExternalTable
from notehouse_hub.service.query_gateway.gate.settings_allowed import is_allowed
from notehouse_hub.service.query_gateway.holder import Holder
from notehouse_hub.service.query_gateway.refusal import (
    SYNTAX_ERROR,
    UNKNOWN_DATABASE,
    Refusal,
    bad_argument,
    denied,
    too_large,
)
from notehouse_hub.service.query_gateway.sessions import Session

LARGEST_STATEMENT = 2 * 2**20  # bytes; the gate quotes it once more, and the engine reads 5 MB
_LONGEST_WITH_TABLES = 256 * 2**10  # it stands in the address then, where a byte may take three
_MOST_PARAMETER_BYTES = 512 * 2**10
_DEFAULT_NAMES = {"", "default", "__default__"}

_CREDENTIALS = {"user", "password"}
_OF_TRANSPORT = {
    "http_max_field_name_size",
    "http_max_field_value_size",
    "http_max_uri_size",
}  # ours are others
_OF_INSERTS = {
    "async_insert",
    "wait_for_async_insert",
    "insert_quorum",
}  # clients give them with every statement; rows are always written at once here
_FLAGS = {"wait_end_of_query", "send_progress_in_http_headers", "enable_http_compression", "compress"}
_NUMBERS = {
    "buffer_size": 16 * 2**20, "http_headers_progress_interval_ms": 3_600_000, "http_zlib_compression_level": 9,
    "client_protocol_version": 10**6, "http_response_buffer_size": 16 * 2**20,
}  # fmt: skip
_ENCODINGS = re.compile(r"[A-Za-z0-9,;=.* _-]{0,200}")
_FORMAT = re.compile(r"[A-Za-z0-9]{1,64}")
_QUERY_ID = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_PARAMETER = re.compile(r"param_[A-Za-z0-9_$]{1,64}")


@dataclass(frozen=True)
class Question:
    """A statement as it goes up, with everything that is decided about it but the gate's word.

    `data` are the rows that an INSERT brings, packed as `packed` says (HTTP's names); None for other statements.
    """

    statement: bytes
    database: str
    query_id: str
    arguments: Mapping[str, str]  # values of {name:Type}
    settings: Mapping[str, str]
    encodings: str
    tables: tuple[ExternalTable, ...] = ()
    data: bytes | None = None
    packed: str = ""
    session: Session | None = None

    def path(self) -> str:
        """Return the address below ClickHouse's root; with tables or rows the statement stands in it."""
        values = {f"param_{name}": value for name, value in self.arguments.items()}
        values.update(self.session.parameters() if self.session else {})
        for table in self.tables:
            values.update(table.described)
        if self.tables or self.data is not None:
            values["query"] = self.statement.decode("utf-8", "surrogateescape")
        return "/?" + urlencode({**self.settings, **values}, errors="surrogateescape")

    def body(self) -> tuple[dict[str, str], bytes]:
        """Return what says of which kind the body is, and the body."""
        if self.data is not None:
            return {"Content-Encoding": self.packed} if self.packed else {}, self.data
        if not self.tables:
            return {}, self.statement
        content_type, form = external_tables.form(self.tables)
        return {"Content-Type": content_type}, form


def own_query_id(holder: Holder, given: str) -> str:
    """Return the id under which a holder's query runs; the id it was told about is accepted again."""
    if given and not _QUERY_ID.fullmatch(given):
        raise bad_argument("A query_id has up to 100 letters, digits and the signs _ . : -")
    prefix = f"nh-{holder.name}-"
    return given if given.startswith(prefix) else prefix + (given or uuid4().hex)


def question(request: ClientRequest, asked: Asked, holder: Holder, source: str, default: str) -> Question:
    """Write the request that goes up. Raises Refusal."""
    if not asked.statement.strip():
        raise Refusal(
            SYNTAX_ERROR, 400, "Empty query: send a statement as the body, or as the parameter query."
        )
    if len(asked.statement) > LARGEST_STATEMENT:
        raise too_large(
            f"The statement is longer than {LARGEST_STATEMENT // 2**20} MB. Load long lists as a table."
        )
    given = dict(asked.parameters)
    database = _database(given.pop("database", ""), request, holder, source, default)
    query_id = own_query_id(holder, given.pop("query_id", ""))
    session = sessions.asked_for(given, holder)
    said = given.pop("log_comment", "")
    output = given.pop("default_format", "") or request.headers.get("x-clickhouse-format", "")
    arguments = {name[len("param_") :]: given.pop(name) for name in list(given) if _PARAMETER.fullmatch(name)}
    settings = {name: value for name, value in given.items() if _passes(name, value)}
    ours = {"database": database, "query_id": query_id, "quota_key": holder.claims.subject, **_format(output)}
    ours["log_comment"] = _comment(holder, said)
    _check_size(arguments, settings)
    if (asked.tables or asked.data is not None) and len(asked.statement) > _LONGEST_WITH_TABLES:
        raise too_large(
            f"With external tables or rows a statement has at most {_LONGEST_WITH_TABLES // 2**10} KB."
        )
    return Question(
        asked.statement,
        database,
        query_id,
        arguments,
        settings | ours,
        _encodings(request),
        asked.tables,
        asked.data,
        asked.packed,
        session,
    )


def runs_as(holder: Holder) -> str:
    """Return the ClickHouse user that a holder's statements run as."""
    return clickhouse_user(holder.access_class.id)


def _database(given: str, request: ClientRequest, holder: Holder, source: str, default: str) -> str:
    name = given or request.headers.get("x-clickhouse-database", "")
    granted = holder.databases(source)
    if name in _DEFAULT_NAMES:
        return default
    if name not in granted:
        raise Refusal(
            UNKNOWN_DATABASE,
            404,
            f"Database {name} does not exist for you. You may read: {', '.join(granted)}.",
        )
    return name


def _passes(name: str, value: str) -> bool:
    """Say whether a parameter goes up; False for one that means nothing here. Raises Refusal."""
    if name in _CREDENTIALS | _OF_TRANSPORT | _OF_INSERTS:
        return False
    if name in _FLAGS and value in {"0", "1", "true", "false"}:
        return True
    if name in _NUMBERS and value.isdecimal() and int(value[:12]) <= _NUMBERS[name]:
        return True
    if name in _FLAGS or name in _NUMBERS:
        raise bad_argument(f"The parameter {name} cannot be {value[:40]!r} here.")
    if not is_allowed(name):
        raise denied(
            f"The parameter {name} cannot be given here. Leave it out; user, role, quota and limits come from your "
            "token."
        )
    return True


def _format(name: str) -> dict[str, str]:
    if name and not _FORMAT.fullmatch(name):
        raise bad_argument("The name of a format has letters and digits only, for example JSONCompact.")
    return {"default_format": name} if name else {}


def _encodings(request: ClientRequest) -> str:
    given = request.headers.get("accept-encoding", "")
    return given if _ENCODINGS.fullmatch(given) else ""


def _check_size(*of: Mapping[str, str]) -> None:
    size = sum(len(name) + len(value) for one in of for name, value in one.items())
    if size > _MOST_PARAMETER_BYTES:
        raise too_large(
            "The values of parameters are longer than 512 KB together. Write long lists as a table."
        )


def _comment(holder: Holder, said: str) -> str:
    """Say in query_log who asked, for which object; `said` is what the client wanted to add."""
    claims = holder.claims
    comment = {
        "user": claims.subject,
        "tenant": claims.tenant,
        "class": claims.access_class,
        "purpose": claims.purpose,
        "object": claims.object,
        "token": claims.jti,
    }
    return json.dumps({**comment, "said": said[:200]} if said else comment)
