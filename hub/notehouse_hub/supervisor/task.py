"""How is something run that ends by itself, its progress shown as it goes?"""

import asyncio
from typing import Any

from notehouse_hub.supervisor import logfile
from notehouse_hub.supervisor.console import Console
from notehouse_hub.supervisor.errors import ProcessFailedError
from notehouse_hub.supervisor.process import Spec


async def run_task(spec: Spec, console: Console) -> None:
    """Run a process to its end, showing each line it prints. Raises ProcessFailedError when it fails.

    What it writes to standard error goes to its log only.
    """
    logfile.rotate(spec.log)
    user: dict[str, Any] = {}
    if spec.uid is not None:
        user = {"user": spec.uid, "group": spec.uid, "extra_groups": list(spec.groups)}
    with spec.log.open("ab") as log:
        child = await asyncio.create_subprocess_exec(
            *spec.command, cwd=spec.folder, env=dict(spec.environment), umask=0o077, start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=log, **user,
        )  # fmt: skip
    assert child.stdout is not None  # noqa: S101 - asked for above
    async for line in child.stdout:
        console.say(f"    {line.decode(errors='replace').rstrip()}")
    if await child.wait():
        raise ProcessFailedError(
            f"{spec.name} failed with code {child.returncode}. "
            f"The end of {spec.log}:\n{logfile.tail(spec.log)}"
        )
