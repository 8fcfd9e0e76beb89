"""In which order does the platform start?"""

import asyncio
import time

import httpx

from notehouse_core.store.announcements import for_every_change
from notehouse_core.store.database import Database
from notehouse_core.store.invitations import invite_first_admin
from notehouse_hub.embedded import postgres, postgres_roles
from notehouse_hub.embedded.clickhouse_config import KEY_HEADER
from notehouse_hub.supervisor import clickhouse_rights, plan, process_environment
from notehouse_hub.supervisor.caretaker import Caretaker
from notehouse_hub.supervisor.console import Console
from notehouse_hub.supervisor.demo_accounts import DEMO_ACCOUNTS
from notehouse_hub.supervisor.demo_made import DemoMade
from notehouse_hub.supervisor.errors import ProcessFailedError
from notehouse_hub.supervisor.platform import Platform
from notehouse_hub.supervisor.process import Process, Spec
from notehouse_hub.supervisor.task import run_task


class Startup:
    """Starts a prepared platform; what it started is in the caretaker's hands at once."""

    def __init__(self, platform: Platform, caretaker: Caretaker, console: Console) -> None:
        self._platform = platform
        self._caretaker = caretaker
        self._console = console
        self._users_file = clickhouse_rights.UsersFile(platform.clickhouse_users)
        self._clickhouse: Process | None = None
        self._began = time.monotonic()

    async def start(self, *, demo: bool) -> None:
        """Start everything: data first, then what serves it. Raises ProcessFailedError."""
        await self._start_postgres()
        await self._task(
            "migrate", ["notehouse_hub.cli", "migrate"], process_environment.migrate(self._platform)
        )
        await self._start_clickhouse()
        await self._start_services(demo=demo)

    async def print_address(self, *, demo: bool) -> None:
        """Say where the platform is, and with whom to log in: a demo's people, or a link for the first admin."""
        took = time.monotonic() - self._began
        self._console.say(f"\nNotehouse is up after {took:.1f} s: {self._platform.settings.base_url}\n")
        if demo:
            for name, password in self._demo_passwords().items():
                self._console.say(f"  {name:<16} {password}")
        elif link := await self._first_admin():
            self._console.say(
                f"  Choose the administrator's password within a day, by this link, once:\n  {link}"
            )
        self._console.say("\nStop with Ctrl-C. Logs: " + str(self._platform.folders.data / "logs"))

    async def _start_postgres(self) -> None:
        platform = self._platform
        if not platform.has_postgres:
            return
        made = await asyncio.to_thread(
            postgres.initialise, platform.cluster, platform.postgres_passwords.superuser
        )
        if made:
            self._console.say("  postgres         prepared a new data folder")
        await self._process(plan.postgres_spec(platform))
        await asyncio.to_thread(postgres_roles.provision, platform.cluster, platform.postgres_passwords)

    async def _start_clickhouse(self) -> None:
        platform = self._platform
        if not platform.has_clickhouse:
            return
        await self._write_rights()
        spec = plan.clickhouse_spec(platform, before_start=self._users_file.note_read)
        self._clickhouse = await self._process(spec)
        self._caretaker.keep(for_every_change(platform.database_urls.app, self._write_rights))
        self._caretaker.also(self._apply_rights, every=0.3)

    async def _write_rights(self) -> None:
        await clickhouse_rights.write(self._platform, self._console)

    async def _apply_rights(self) -> None:
        """Start ClickHouse again when the users file is no longer the one it has read."""
        if self._clickhouse is None or self._clickhouse.pid is None or not self._users_file.differs():
            return
        headers = {KEY_HEADER: self._platform.clickhouse_key}
        await clickhouse_rights.drained(self._platform.clickhouse_url, headers)
        await self._clickhouse.restart("rights have changed")

    def _demo_passwords(self) -> dict[str, str]:
        given = self._platform.settings.demo_password
        shared = given.get_secret_value() if given else None
        return self._platform.vault.demo_passwords(DEMO_ACCOUNTS, shared)

    async def _first_admin(self) -> str | None:
        """A link to become the first admin; None once there is one."""
        database = Database(self._platform.database_urls.app)
        try:
            async with database.session() as session:
                secret = await invite_first_admin(session)
        finally:
            await database.close()
        return f"{self._platform.settings.base_url}/hub/invitation?token={secret}" if secret else None

    async def _load_demo(self) -> None:
        await self._provision_demo()
        environment = process_environment.demo(self._platform, self._demo_passwords())
        await self._task("sample", ["notehouse_hub.sample"], environment)
        made = self._demo_made()
        if made and made.is_current():
            return
        await self._task("demo", ["notehouse_hub.demo"], environment)
        if made:
            made.keep()

    def _demo_made(self) -> DemoMade | None:
        """What is known of an earlier start; nothing of a Postgres of the operator's own."""
        if not self._platform.has_postgres:
            return None
        return DemoMade(self._platform.cluster, self._demo_passwords())

    async def _provision_demo(self) -> None:
        platform = self._platform
        if platform.has_postgres:
            roles = (postgres_roles.DEMO, postgres_roles.DEMO_READER)
            passwords = [platform.vault.postgres_password(role) for role in roles]
            superuser = platform.postgres_passwords.superuser
            await asyncio.to_thread(postgres_roles.provision_demo, platform.cluster, superuser, *passwords)

    async def _start_services(self, *, demo: bool) -> None:
        """Start all that serves data, and load the demo beside it: none of them waits for the other."""
        platform = self._platform
        specs = [
            plan.proxy_spec(platform, after_restart=self._tell_hub_of_proxy),
            plan.hub_spec(platform),
            plan.api_spec(platform),
            plan.query_gateway_spec(platform),
            plan.dashboards_spec(platform),
            plan.worker_spec(platform),
            plan.printer_spec(platform),
            plan.culler_spec(platform),
            *([] if platform.has_clickhouse else [plan.rights_spec(platform)]),
        ]
        try:
            async with asyncio.TaskGroup() as group:
                for spec in specs:
                    group.create_task(self._process(spec))
                environment = process_environment.usage(platform)
                group.create_task(self._task("usage", ["notehouse_hub.usage"], environment))
                if demo:
                    group.create_task(self._load_demo())
        except ExceptionGroup as failed:
            raise _first(failed) from None

    async def _process(self, spec: Spec) -> Process:
        process = self._caretaker.add(Process(spec, self._console))
        seconds = await process.start()
        self._console.started(spec.name, seconds)
        return process

    async def _task(self, name: str, module: list[str], environment: dict[str, str]) -> None:
        with self._console.step(name):
            await run_task(plan.task_spec(self._platform, name, module, environment), self._console)

    async def _tell_hub_of_proxy(self) -> None:
        """A new proxy knows no routes; the Hub itself would only notice minutes later."""
        headers = {"Authorization": f"token {self._platform.vault.service_token('supervisor')}"}
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            try:
                answer = await client.post(f"{self._platform.settings.hub_api}/proxy", headers=headers)
            except httpx.HTTPError:
                return  # the Hub is away too, and fills the proxy when it starts
        if answer.status_code >= 400:
            self._console.warn(f"The Hub did not fill the new proxy: it answered {answer.status_code}")


def _first(failed: ExceptionGroup[Exception]) -> Exception:
    """Return the one failure to tell about: the rest of the start was stopped because of it."""
    known, _ = failed.split(ProcessFailedError)
    return (known or failed).exceptions[0]
