"""Run SQL with the caller's own rights: through the query gateway, like any other client."""

import time
from typing import Any, Literal

from fastapi.responses import Response
from pydantic import BaseModel, Field

from notehouse_core import errors
from notehouse_core.access import PLATFORM
from notehouse_core.store.plan import class_of
from notehouse_core.tokens import QUERY, Claims
from notehouse_core.warehouse import MEDIA_TYPES, Answer, Statement
from notehouse_hub.service.api.body import Body
from notehouse_hub.service.api.route import ApiRouter, as_file
from notehouse_hub.service.identity import CallerDep
from notehouse_hub.service.resources import ResourcesDep, SessionDep, let_go

router = ApiRouter(prefix="/queries", tags=["Queries"])

ROWS = as_file("text/csv", "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet")
_ID = r"^[A-Za-z0-9_.:-]{1,100}$"
_SECONDS = 120  # life of the token that one query runs under


class StatementRequest(Body):
    """A statement; `parameters` fill its {name:Type} places as typed values, never as text."""

    sql: str = Field(min_length=1, max_length=1_000_000)
    data_source: str = "warehouse"
    tenant: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)


class QueryRequest(StatementRequest):
    """A statement to run."""

    format: Literal["json", "csv", "arrow", "parquet"] = "json"
    limit: int = Field(default=10_000, ge=1, le=100_000)
    query_id: str | None = Field(
        default=None,
        pattern=_ID,
        description="by which GET and DELETE /queries/{query_id} find it while it runs",
    )
    use_cache: bool = Field(
        default=False,
        description="whether a slow query of the last minute with the same rights may be answered from ClickHouse's cache",
    )


class Column(BaseModel):
    """A column of a result."""

    name: str
    type: str


class Statistics(BaseModel):
    """What a query cost."""

    elapsed_ms: float
    rows_read: int
    bytes_read: int
    cached: bool


class QueryResult(BaseModel):
    """Rows as lists in the columns' order; `truncated` when there are more than `limit`."""

    query_id: str
    columns: list[Column]
    rows: list[list[Any]]
    row_count: int
    truncated: bool
    statistics: Statistics


@router.post("", response_model=QueryResult, responses=ROWS)
async def run(body: QueryRequest, caller: CallerDep, session: SessionDep, resources: ResourcesDep) -> Any:
    """Run a statement and answer its rows; Arrow, CSV or Parquet as a file by `format`."""
    token = await token_for(body, caller, session, resources)
    await let_go(session)
    statement = Statement(
        body.data_source, body.sql, body.parameters, body.limit, body.query_id or "", body.use_cache
    )
    began = time.perf_counter()
    answer = await resources.warehouse.run(statement, body.format, token)
    if body.format != "json":
        return Response(answer.content, media_type=MEDIA_TYPES[body.format])
    return _result(answer, body.limit, (time.perf_counter() - began) * 1000)


class TableEstimate(BaseModel):
    """What would be read of a table: by its index where all of its rows are the caller's, else at most the caller's rows."""

    table: str
    basis: Literal["index", "own rows", "unknown"]
    rows: int | None
    bytes: int | None
    parts: int | None
    marks: int | None


class Limits(BaseModel):
    """What one query of the caller's may use."""

    rows_to_read: int
    execution_seconds: int


class Estimate(BaseModel):
    """What a statement would read; null where that is not known. `exceeds` names limits that would stop it."""

    rows: int | None
    bytes: int | None
    parts: int | None
    marks: int | None
    exact: bool = Field(
        description="every figure comes from an index; otherwise rows and bytes are the most there can be"
    )
    seconds: float | None = Field(description="by what the tenant's earlier queries took")
    tables: list[TableEstimate]
    limits: Limits
    exceeds: list[str]
    ask_above_rows: int | None = Field(
        description="the tenant's setting: a cell that would read more asks first"
    )


@router.post("/estimate")
async def estimate(
    body: StatementRequest, caller: CallerDep, session: SessionDep, resources: ResourcesDep
) -> Estimate:
    """Say what a statement would read and how long it would take, without running it."""
    token = await token_for(body, caller, session, resources)
    await let_go(session)
    statement = Statement(body.data_source, body.sql, body.parameters, 1)
    return Estimate.model_validate(await resources.warehouse.estimate(statement, token))


async def token_for(
    body: StatementRequest, caller: CallerDep, session: SessionDep, resources: ResourcesDep
) -> str:
    """Return a token of the caller's own rights that lives as long as the query."""
    return await token_in(body.tenant, caller, session, resources)


async def token_in(
    wanted: str | None, caller: CallerDep, session: SessionDep, resources: ResourcesDep
) -> str:
    """Return a token of the caller's own rights in a tenant that lives as long as a query."""
    if caller.claims is not None:
        return resources.signer.sign(_short(caller.claims))
    person = caller.person
    if person.is_admin and wanted in {None, PLATFORM}:
        found = await class_of(session, person.username, PLATFORM)
    else:
        tenant = caller.tenant(wanted)
        caller.require("run-sql", tenant)
        if tenant not in caller.actor.tenants:
            raise errors.Forbidden("The platform admin reads a tenant's rows only as its member.")
        found = await class_of(session, person.username, tenant)
    claims = Claims(person.username, found.tenant, found.id, "interactive", audience=(QUERY,))
    return resources.signer.sign(_short(claims))


def _short(claims: Claims) -> Claims:
    return Claims(
        subject=claims.subject,
        tenant=claims.tenant,
        access_class=claims.access_class,
        purpose=claims.purpose,
        audience=(QUERY,),
        object=claims.object,
        sources=claims.sources,
        expires_at=min(int(time.time()) + _SECONDS, claims.expires_at),
    )


def _result(answer: Answer, limit: int, elapsed_ms: float) -> QueryResult:
    content = answer.table()
    rows = content["data"]
    return QueryResult(
        query_id=answer.query_id,
        columns=[Column(**each) for each in content["meta"]],
        rows=rows[:limit],
        row_count=min(len(rows), limit),
        truncated=len(rows) > limit,
        statistics=Statistics(
            elapsed_ms=round(elapsed_ms, 1),
            rows_read=answer.summary.get("read_rows", 0),
            bytes_read=answer.summary.get("read_bytes", 0),
            cached=answer.cached,
        ),
    )
