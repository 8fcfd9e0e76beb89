"""One's own queries: which ran and what they cost, how far one is that runs now, and its end."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from pydantic import BaseModel, Field

from notehouse_core import errors
from notehouse_core.access import PLATFORM
from notehouse_core.sql_parameters import text_of
from notehouse_core.store.plan import class_of
from notehouse_hub.service.api.queries import token_in
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.pagination import Page, PageDep
from notehouse_hub.service.resources import ResourcesDep, SessionDep, let_go

router = ApiRouter(prefix="/queries", tags=["Queries"])

_MINE = """
FROM notehouse.query_metrics
WHERE tenant = {tenant:String} AND user = {user:String} AND time > now() - INTERVAL 90 DAY
    AND (positionCaseInsensitiveUTF8(statement, {search:String}) > 0 OR {search:String} = '')"""
_COUNTED = f"SELECT count() {_MINE}"
_LISTED = f"""
SELECT toUnixTimestamp64Milli(time), query_id, statement, purpose, notebook, status, error_code, rows_read, bytes_read,
    result_rows, milliseconds, cached {_MINE}
ORDER BY time DESC LIMIT {{limit:UInt32}} OFFSET {{offset:UInt32}}"""
# Each word once a statement; of others only what two statements have: a slip of the pen is no habit.
_WORDS = """
SELECT word, count() AS queries FROM (
    SELECT user, arrayJoin(arrayDistinct(extractAll(statement, '[A-Za-z_][A-Za-z0-9_]*'))) AS word FROM (
        SELECT user, statement FROM notehouse.query_metrics
        WHERE tenant = {tenant:String} AND access_class = {class:String} AND status = 'finished'
            AND time > now() - INTERVAL 90 DAY
        ORDER BY time DESC LIMIT 10000))
GROUP BY word HAVING queries > 1 OR max(user = {user:String}) ORDER BY queries DESC, word LIMIT 1000"""
_FIELDS = (
    "query_id", "statement", "purpose", "notebook", "status", "error_code", "rows_read", "bytes_read", "result_rows",
    "milliseconds", "cached",
)  # fmt: skip

_QueryId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.:-]{1,160}$")]
_Tenant = Annotated[str | None, Query(description="for people who have more than one")]


async def _token(
    caller: CallerDep, session: SessionDep, resources: ResourcesDep, tenant: _Tenant = None
) -> str:
    """Whose queries are spoken of; Postgres is let go before the query gateway is asked."""
    token = await token_in(tenant, caller, session, resources)
    await let_go(session)
    return token


_TokenDep = Annotated[str, Depends(_token)]


class QueryOfMine(BaseModel):
    """A query that has ended; its statement is without its values."""

    time: datetime
    query_id: str
    statement: str
    purpose: str
    notebook: str
    status: str = Field(description="finished or failed")
    error_code: int
    rows_read: int
    bytes_read: int
    result_rows: int
    milliseconds: int
    cached: bool


class UsedWord(BaseModel):
    """A word, and how many queries have it."""

    word: str
    queries: int


class UsedWords(BaseModel):
    """Words of queries, those used most first."""

    items: list[UsedWord]


class Progress(BaseModel):
    """How far a query is; `total_rows` is what ClickHouse believes it has to read, 0 while it does not know."""

    query_id: str
    read_rows: int
    read_bytes: int
    total_rows: int
    elapsed_ms: int


@router.get("")
async def history(
    caller: CallerDep, wanted: PageDep, resources: ResourcesDep, tenant: _Tenant = None
) -> Page[QueryOfMine]:
    """List one's own queries of the last 90 days, the newest first, wherever they ran; `search` looks into statements."""
    if wanted.sort:
        raise errors.Invalid(
            "This list is sorted by time, the newest first.",
            fields=[{"field": "sort", "message": "cannot be given"}],
        )
    user, place = _whose(caller, tenant)
    values = {"tenant": place, "user": user, "search": text_of(wanted.search)}
    total = (await resources.clickhouse.rows(_COUNTED, **values))[0][0]
    part = {"limit": str(wanted.limit), "offset": str((wanted.page - 1) * wanted.limit)}
    rows = await resources.clickhouse.rows(_LISTED, **part, **values)
    return wanted.answer([_out(*row) for row in rows], int(total))


@router.get("/words")
async def words(
    caller: CallerDep, session: SessionDep, resources: ResourcesDep, tenant: _Tenant = None
) -> UsedWords:
    """List the words used most in the last queries of all who read the same rows: what editors offer first."""
    user, place = _whose(caller, tenant)
    rights = caller.claims.access_class if caller.claims else (await class_of(session, user, place)).id
    await let_go(session)
    rows = await resources.clickhouse.rows(_WORDS, **{"tenant": place, "user": user, "class": rights})
    return UsedWords(items=[UsedWord(word=word, queries=int(queries)) for word, queries in rows])


@router.get("/{query_id}")
async def progress(query_id: _QueryId, token: _TokenDep, resources: ResourcesDep) -> Progress:
    """Say how far a query of one's own is."""
    return _found(await resources.warehouse.progress(query_id, token))


@router.delete("/{query_id}")
async def stop(query_id: _QueryId, token: _TokenDep, resources: ResourcesDep) -> Progress:
    """End a query of one's own, and say how far it was."""
    return _found(await resources.warehouse.stop(query_id, token))


def _whose(caller: Caller, wanted: str | None) -> tuple[str, str]:
    """Return the user and the tenant whose queries the caller may list: its own."""
    if caller.claims is not None:
        return caller.claims.subject, caller.claims.tenant
    person = caller.person
    if person.is_admin and wanted in {None, PLATFORM}:
        return person.username, PLATFORM
    tenant = caller.tenant(wanted)
    caller.require("run-sql", tenant)
    return person.username, tenant


def _found(seen: dict[str, Any] | None) -> Progress:
    if seen is None:
        raise errors.NotFound("No query of yours runs under this id. It has ended, or it never began.")
    return Progress.model_validate(seen)


def _out(milliseconds: int, *values: Any) -> QueryOfMine:
    fields = dict(zip(_FIELDS, values, strict=True))
    return QueryOfMine(time=datetime.fromtimestamp(int(milliseconds) / 1000, UTC), **fields)
