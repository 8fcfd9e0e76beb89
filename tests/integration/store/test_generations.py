"""What was found is shown again only as long as it would be found again: every change of rights counts, at once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, inspect, select, text, update
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import DetachedInstanceError

from notehouse_core.errors import NotFound
from notehouse_core.store import people, viewing
from notehouse_core.store.database import Database
from notehouse_core.store.generations import WATCHED, Current
from notehouse_core.store.isolation import NOWHERE
from notehouse_core.store.models import (
    Dashboard,
    DashboardPermission,
    DashboardVersion,
    DataSource,
    Membership,
    Permission,
    Role,
    Snapshot,
    Tenant,
    User,
)
from notehouse_core.store.people import TENANT_RESOURCE
from notehouse_core.store.plan import load_access_plan

NUMBER = text("SELECT number FROM rights_generation")


class Place:
    """A tenant with a published dashboard that one person may see, by their role."""

    def __init__(self) -> None:
        self.tenant = Tenant(id=uuid4(), slug=f"t-{uuid4().hex[:8]}", name="T")
        here = {"tenant_id": self.tenant.id}
        self.user, self.owner = (User(id=uuid4(), username=f"u-{uuid4().hex[:8]}") for _ in range(2))
        self.role = Role(id=uuid4(), name="reader", **here)
        rights = ((TENANT_RESOURCE, "view-dashboards"), ("data:warehouse/flights.flights", "select"))
        self.role.permissions = [Permission(resource=one, action=action, **here) for one, action in rights]
        self.source = DataSource(name="warehouse", type="clickhouse", **here)
        self.dashboard = Dashboard(id=uuid4(), slug="d", name="D", owner_id=self.owner.id, **here)
        self.member = Membership(id=uuid4(), user_id=self.user.id, role_id=self.role.id, **here)
        self.shared = DashboardPermission(
            id=uuid4(), dashboard_id=self.dashboard.id, role_id=self.role.id, permission_type="view", **here
        )
        self.version = DashboardVersion(
            id=uuid4(), dashboard_id=self.dashboard.id, number=1, notebook_sha256="0", notebook="n",
            author_id=self.owner.id, state="ready", **here,
        )  # fmt: skip
        self.snapshot = Snapshot(
            id=uuid4(),
            version_id=self.version.id,
            access_class="c",
            parameters_hash="h",
            status="ready",
            **here,
        )

    async def keep(self, database: Database) -> None:
        """Write all of it."""
        async with database.session() as session:
            session.add_all([self.tenant, self.user, self.owner])
            await session.flush()
            session.add_all([self.role, self.source, self.dashboard])
            await session.flush()
            session.add_all([self.member, self.shared, self.version])
            await session.flush()
            session.add(self.snapshot)
            self.dashboard.published_version_id = self.version.id

    async def view(self, session: AsyncSession) -> viewing.View:
        """What the person sees."""
        return await viewing.view_of(session, self.user.username, self.tenant.slug, "d", drawn=False)


@pytest.fixture
async def place(database: Database) -> Place:
    made = Place()
    await made.keep(database)
    return made


async def number(database: Database) -> int:
    async with database.session() as session:
        return int((await session.execute(NUMBER)).scalar_one())


CHANGES: dict[str, tuple[type[Any], str, dict[str, Any]]] = {
    "tenants": (Tenant, "tenant", {"is_active": False}),
    "users": (User, "user", {"attributes": {"carrier": "UA"}}),
    "roles": (Role, "role", {"name": "writer"}),
    "memberships": (Membership, "member", {"origin": "oidc"}),
    "dashboards": (Dashboard, "dashboard", {"is_public": True}),
    "dashboard_permissions": (DashboardPermission, "shared", {"permission_type": "edit"}),
    "dashboard_versions": (DashboardVersion, "version", {"state": "failed"}),
    "snapshots": (Snapshot, "snapshot", {"status": "failed"}),
    "data_sources": (DataSource, "source", {"connection_config": {"database": "other"}}),
}


@pytest.mark.parametrize("table", sorted(CHANGES))
async def test_each_change_of_what_people_may_see_counts_once(
    database: Database, place: Place, table: str
) -> None:
    kind, name, values = CHANGES[table]
    before = await number(database)
    async with database.session() as session:
        key: UUID = getattr(place, name).id
        for _ in range(3):
            await session.execute(update(kind).where(kind.id == key).values(**values))
    assert await number(database) == before + 1


async def test_postgres_watches_what_is_said_to_be_watched(database: Database) -> None:
    asked = text(
        "SELECT event_object_table AS name, string_agg(event_object_column, ',' ORDER BY event_object_column) AS columns "
        "FROM information_schema.triggered_update_columns WHERE trigger_name = 'turn_generation' GROUP BY 1"
    )
    tables = text("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'turn_generation'")
    async with database.session() as session:
        columns = {row.name: row.columns for row in await session.execute(asked)}
        watched = set(await session.scalars(tables))
    assert watched == set(WATCHED)
    assert columns == {name: ",".join(sorted(some)) for name, some in WATCHED.items() if some}


async def test_permissions_taken_away_count_too(database: Database, place: Place) -> None:
    before = await number(database)
    async with database.session() as session:
        role = await session.get_one(Role, place.role.id)
        for one in await session.scalars(select(Permission).where(Permission.role_id == role.id)):
            await session.delete(one)
    assert await number(database) == before + 1


async def test_what_is_written_all_the_time_does_not_count_nor_what_is_undone(
    database: Database, place: Place
) -> None:
    before = await number(database)
    async with database.session() as session:
        await session.execute(update(User).where(User.id == place.user.id).values(preferences={"a": 1}))
        leased = update(Snapshot).where(Snapshot.id == place.snapshot.id).values(attempt=2)
        await session.execute(leased)
    async with database.session() as session:
        await session.execute(update(User).where(User.id == place.user.id).values(is_active=False))
        await session.rollback()
    assert await number(database) == before


async def test_the_app_cannot_turn_the_number_back(database: Database) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with database.session() as session:
            await session.execute(text("UPDATE rights_generation SET number = 0"))


async def test_a_right_taken_away_is_gone_at_the_next_look_and_looked_for_once_otherwise(
    database: Database, place: Place
) -> None:
    current, looks = Current[viewing.View](database), list[str]()

    async def look(session: AsyncSession) -> viewing.View:
        looks.append("look")
        return await place.view(session)

    for _ in range(3):
        assert (await current.of("me", look)).dashboard.name == "D"
    assert looks == ["look"]
    async with database.session() as session:
        await session.delete(await session.get_one(Membership, place.member.id))
    for _ in range(2):
        with pytest.raises(NotFound):
            await current.of("me", look)


async def test_a_change_while_something_is_looked_for_is_not_missed(database: Database, place: Place) -> None:
    current, looking, go_on = Current[str](database), asyncio.Event(), asyncio.Event()

    async def look(session: AsyncSession) -> str:
        found = (
            await session.scalars(select(Dashboard.name).where(Dashboard.id == place.dashboard.id))
        ).one()
        looking.set()
        await go_on.wait()
        return found

    first = asyncio.create_task(current.of("name", look))
    await looking.wait()
    async with database.session() as session:
        named = update(Dashboard).where(Dashboard.id == place.dashboard.id).values(name="New")
        await session.execute(named)
    go_on.set()
    assert await first == "D"
    assert await current.of("name", look) == "New"


async def test_a_person_who_is_kept_stays_as_read_until_something_about_them_changes(
    database: Database, place: Place
) -> None:
    current, name = Current[User | None](database), place.user.username

    async def person() -> User | None:
        async with database.session(NOWHERE) as session:
            found = await current.within(session, name, lambda session: people.known(session, name))
            await session.rollback()  # a request that went wrong spoils nothing
        return found

    first = await person()
    assert first is not None
    assert (await person()) is first
    assert [one.role for one in people.actor_of(first).memberships] == ["reader"]
    assert [one.tenant.name for one in first.memberships] == ["T"]
    await _change(database, place.user, first_name="Ann")
    renamed = await person()
    assert renamed is not None
    assert renamed.first_name == "Ann"
    await _change(database, place.user, is_active=False)
    assert await person() is None


async def test_of_a_person_who_is_kept_nothing_is_held_that_is_not_watched(
    database: Database, place: Place
) -> None:
    async with database.session(NOWHERE) as session:
        found = await people.known(session, place.user.username)
    read = set(inspect(found).dict) - {"id", "created_at", "memberships", "_sa_instance_state"}
    assert read == set(WATCHED["users"])
    with pytest.raises(DetachedInstanceError):
        _ = found.password_hash if found else None


async def _change(database: Database, user: User, **values: Any) -> None:
    async with database.session() as session:
        await session.execute(update(User).where(User.id == user.id).values(**values))


async def test_everything_that_a_view_the_access_plan_and_a_person_read_is_watched(
    database: Database, place: Place
) -> None:
    with read_by(database) as tables:
        async with database.session() as session:
            await place.view(session)
            await load_access_plan(session)
            await people.known(session, place.user.username)
    assert tables
    assert tables <= set(WATCHED)


@contextmanager
def read_by(database: Database) -> Iterator[set[str]]:
    """The tables that statements name within a block."""
    found: set[str] = set()

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        found.update(re.findall(r"\b(?:FROM|JOIN) (\w+)", statement))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    yield found
    event.remove(database.engine.sync_engine, "before_cursor_execute", note)
