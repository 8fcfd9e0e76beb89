"""Data sources of the caller's tenants; nothing secret is ever shown."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from notehouse_core.store.models import DataSource, Tenant
from notehouse_hub.service.identity import CallerDep
from notehouse_hub.service.pagination import Page, PageDep, fetch_page
from notehouse_hub.service.resources import SessionDep

router = APIRouter(prefix="/data-sources", tags=["Data sources"])


class DataSourceOut(BaseModel):
    """A data source."""

    id: UUID
    tenant: str
    name: str
    type: str
    description: str
    status: str


@router.get("")
async def data_sources(caller: CallerDep, session: SessionDep, wanted: PageDep) -> Page[DataSourceOut]:
    """List the data sources of the caller's tenants."""
    query = select(DataSource).join(DataSource.tenant).options(selectinload(DataSource.tenant))
    if not caller.actor.platform_admin:
        query = query.where(Tenant.slug.in_(caller.actor.tenants))
    found, total = await fetch_page(
        session,
        query,
        wanted,
        searched=(DataSource.name, DataSource.description),
        sorts={"name": DataSource.name, "type": DataSource.type},
    )
    items = [
        DataSourceOut(
            id=one.id,
            tenant=one.tenant.slug,
            name=one.name,
            type=one.type,
            description=one.description,
            status=one.status,
        )
        for one in found
    ]
    return wanted.answer(items, total)
