"""How do lists come in pages? `?page=&limit=&search=&sort=`, answered as items and where in the list they are."""

from collections.abc import Mapping
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select, func, inspect, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core import errors

Item = TypeVar("Item")


class Pagination(BaseModel):
    """Where in a list a page is; `total` counts what the caller may see."""

    page: int
    limit: int
    total: int


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    pagination: Pagination


class PageRequest(BaseModel):
    """Which part of a list is asked for; `sort` is a field, with a minus in front for the other direction."""

    page: int
    limit: int
    search: str
    sort: str

    def answer(self, items: list[Item], total: int) -> Page[Item]:
        """Return a page of items."""
        return Page(items=items, pagination=Pagination(page=self.page, limit=self.limit, total=total))


async def page_request(
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    search: Annotated[str, Query(max_length=200)] = "",
    sort: Annotated[str, Query(max_length=50)] = "",
) -> PageRequest:
    """Read the page that a request asks for."""
    return PageRequest(page=page, limit=limit, search=search.strip(), sort=sort)


PageDep = Annotated[PageRequest, Depends(page_request)]


async def fetch_page(
    session: AsyncSession,
    query: Select[Any],
    wanted: PageRequest,
    *,
    searched: tuple[Any, ...],
    sorts: Mapping[str, Any],
) -> tuple[list[Any], int]:
    """Return one page of a query's entities or rows, and how many there are. The first of `sorts` is the default."""
    query = query.where(matches(wanted.search, searched)) if wanted.search else query
    before = (wanted.page - 1) * wanted.limit
    ordered = query.order_by(_order(wanted.sort, sorts)).limit(wanted.limit).offset(before)
    key = inspect(query.column_descriptions[0]["entity"]).primary_key
    counted = select(func.count()).select_from(query.with_only_columns(*key).order_by(None).subquery())
    rows = (await session.execute(ordered.add_columns(counted.scalar_subquery()))).all()
    if rows or not before:
        alone = len(query.column_descriptions) == 1
        return [row[0] if alone else row for row in rows], rows[0][-1] if rows else 0
    return [], (await session.execute(counted)).scalar_one()


def matches(search: str, columns: tuple[Any, ...]) -> ColumnElement[bool]:
    """The condition that one of the columns holds what is searched for, in small letters or large."""
    return or_(*(column.icontains(search, autoescape=True) for column in columns))


def _order(sort: str, sorts: Mapping[str, Any]) -> Any:
    name = sort.removeprefix("-") or next(iter(sorts))
    if name not in sorts:
        known = ", ".join(sorts)
        raise errors.Invalid(
            f"This list cannot be sorted by {name!r}, only by {known}.",
            fields=[{"field": "sort", "message": f"one of {known}"}],
        )
    return sorts[name].desc() if sort.startswith("-") else sorts[name].asc()
