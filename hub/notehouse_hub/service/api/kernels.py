"""Kernels of the gateways: which run now, for whom, what they hold, and their end. For administrators."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, status
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core import errors
from notehouse_core.access import PLATFORM
from notehouse_core.store import tenants
from notehouse_hub.service.api.route import ApiRouter
from notehouse_hub.service.auditing import AuditDep
from notehouse_hub.service.gateway_watch import Watched
from notehouse_hub.service.identity import Caller, CallerDep
from notehouse_hub.service.resources import Resources, ResourcesDep, SessionDep, let_go

router = ApiRouter(prefix="/kernels", tags=["Kernels"])

MAY = "manage-tenant"
_KernelId = Annotated[UUID, Path(description="as the list says")]


class Kernel(BaseModel):
    """A kernel that runs now. `private_bytes` end with it, `proportional_bytes` have its part of what it shares."""

    id: str
    tenant: str = Field(
        description='a slug, "*" for the platform admin\'s own, empty for a class that nobody has any more'
    )
    access_class: str
    state: str = Field(description="idle, busy or starting")
    connections: int
    user: str = Field(description="in whose name it reads, or class:... for all of a class")
    purpose: str = Field(description="run or view")
    object: str = Field(description="what it works for, such as schedule:<id> or dashboard:<id>")
    origin: str = Field(description="imports or notebook: forked from these; process: started anew")
    started_at: datetime
    last_activity: datetime
    processes: int
    private_bytes: int
    proportional_bytes: int
    cpu_seconds: float


class Template(BaseModel):
    """A notebook that has run, kept for kernels that go on from there."""

    object: str
    state: str
    unused_seconds: float
    private_bytes: int


class Gateway(BaseModel):
    """A gateway that runs now; one that does not answer has neither templates nor totals."""

    access_class: str
    tenant: str
    answers: bool
    warm: bool = Field(description="whether the usual libraries are imported already: a kernel is a fork")
    kernels: int
    most_kernels: int
    templates: list[Template]
    totals: dict[str, float] = Field(description="counted since the gateway was started")


class Kernels(BaseModel):
    """All kernels and gateways that the caller administers."""

    items: list[Kernel]
    gateways: list[Gateway]


@router.get("")
async def kernels(caller: CallerDep, session: SessionDep, resources: ResourcesDep) -> Kernels:
    """List the kernels of dashboards, reports and alerts that run now: of one's tenants, all for the platform admin."""
    owners = await _owners(resources, session)
    await let_go(session)  # not held while gateways are asked
    found = await _visible(caller, resources, owners)
    return Kernels(
        items=[kernel for gateway, tenant in found for kernel in _kernels(gateway, tenant)],
        gateways=[_gateway(gateway, tenant) for gateway, tenant in found],
    )


@router.get("/{kernel_id}")
async def kernel(
    kernel_id: _KernelId, caller: CallerDep, session: SessionDep, resources: ResourcesDep
) -> Kernel:
    """Show one kernel."""
    owners = await _owners(resources, session)
    await let_go(session)
    return _one(kernel_id, await _visible(caller, resources, owners))[1]


@router.delete("/{kernel_id}", status_code=status.HTTP_204_NO_CONTENT)
async def end(
    kernel_id: _KernelId, caller: CallerDep, session: SessionDep, resources: ResourcesDep, write: AuditDep
) -> None:
    """End a kernel; a run or a page that uses it is told that an administrator did."""
    owners = await _owners(resources, session)
    gateway, found = _one(kernel_id, await _visible(caller, resources, owners))
    nobodys = found.tenant in {"", PLATFORM}
    tenant_id = None if nobodys else (await tenants.find_tenant(session, found.tenant)).id
    said = {"user": found.user, "about": found.object}
    await write(caller.actor.name, "end-kernel", str(kernel_id), tenant_id=tenant_id, **said)
    await resources.gateway_watch.end(gateway, str(kernel_id))


Found = list[tuple[Watched, str]]


async def _owners(resources: Resources, session: AsyncSession) -> dict[str, str]:
    """The tenant of each class."""
    plan = await resources.access_plan(session)
    return {one: known.tenant for one, known in plan.classes.items()}


async def _visible(caller: Caller, resources: Resources, owners: dict[str, str]) -> Found:
    """The gateways that somebody administers, each with its tenant. Raises Forbidden for who administers none."""
    mine = _administered(caller)
    running = [(one, owners.get(one.access_class, "")) for one in await resources.gateway_watch.running()]
    return [(one, tenant) for one, tenant in running if mine is None or tenant in mine]


def _administered(caller: Caller) -> frozenset[str] | None:
    """The tenants whose kernels somebody may see; None is all, those of no tenant too."""
    if caller.administers:
        return None
    tenants_of = caller.actor.tenants_with(MAY) if caller.claims is None else ()
    if not tenants_of:
        raise errors.Forbidden("Kernels are for those who administer a tenant.")
    return frozenset(tenants_of)


def _one(kernel_id: UUID, found: Found) -> tuple[Watched, Kernel]:
    for gateway, tenant in found:
        for one in _kernels(gateway, tenant):
            if one.id == str(kernel_id):
                return gateway, one
    raise errors.NotFound("No kernel runs under this id. It may have ended.")


def _kernels(gateway: Watched, tenant: str) -> list[Kernel]:
    report: dict[str, Any] = gateway.report or {"kernels": []}
    return [
        Kernel(
            tenant=tenant,
            access_class=gateway.access_class,
            state=one["execution_state"],
            **{name: one[name] for name in Kernel.model_fields.keys() & one.keys()},
        )
        for one in report["kernels"]
    ]


def _gateway(gateway: Watched, tenant: str) -> Gateway:
    report: dict[str, Any] = gateway.report or {"kernels": [], "templates": [], "totals": {}, "limits": {}}
    return Gateway(
        access_class=gateway.access_class,
        tenant=tenant,
        answers=gateway.report is not None,
        warm=report.get("warm", False),
        kernels=len(report["kernels"]),
        most_kernels=report["limits"].get("kernels", 0),
        templates=[Template(**one) for one in report["templates"]],
        totals=report["totals"],
    )
