"""A page (HTML) as PDF, by a Chromium of its own for each."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import tempfile
from pathlib import Path

from notehouse_core.errors import Invalid, SourceTimeout, Unavailable

# The first has no windows, and takes half the time of a processor for a picture.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
SECONDS = 60.0
# The page may show what it brings and nothing else: no script, no file of this machine, no address.
POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "style-src 'unsafe-inline'; img-src data:; font-src data:\">"
)
OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--no-first-run",
    # Past the policy, there is still nowhere to go.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=http://127.0.0.1:9",
    "--proxy-bypass-list=<-loopback>",
)

# What Chromium says where it cannot have one; the printer itself never runs as root.
NO_SANDBOX = ("No usable sandbox", "Running as root without --no-sandbox")

log = logging.getLogger(__name__)


def program() -> str:
    """Return the browser. Raises Unavailable with how to get one."""
    for name in PROGRAMS:
        if found := shutil.which(name):
            return found
    raise Unavailable(
        "PDF and pictures need Chromium on the server: apt install chromium-headless-shell "
        "(Debian; elsewhere: chromium). HTML works without."
    )


async def pdf_of(page: str) -> bytes:
    """Return a page as PDF, A4. Raises Unavailable, SourceTimeout, or Invalid when the browser made none."""
    with tempfile.TemporaryDirectory(prefix="print-") as name:
        source, target = Path(name) / "page.html", Path(name) / "page.pdf"
        source.write_text("<!doctype html>" + POLICY + page, encoding="utf-8")
        said = await _run(source, target, name)
        if not target.exists() and any(words in said for words in NO_SANDBOX):
            # In a container that allows no namespaces this process' own user is the wall that is left.
            log.warning("Chromium runs without its sandbox: this machine allows it none")
            said = await _run(source, target, name, "--no-sandbox")
        if not target.exists():
            log.error("no PDF was made: %s", said[-500:])
            raise Invalid("The browser could not make a PDF of this page.")
        return target.read_bytes()


async def _run(source: Path, target: Path, folder: str, *options: str) -> str:
    """Run a browser until it has printed, and return what it said. Raises SourceTimeout."""
    command = [program(), *OPTIONS, *options, f"--user-data-dir={folder}/profile"]
    process = await asyncio.create_subprocess_exec(
        *command,
        f"--print-to-pdf={target}",
        "--no-pdf-header-footer",
        source.as_uri(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"PATH": os.environ.get("PATH", os.defpath), "HOME": folder, "LANG": "C.UTF-8"},
        start_new_session=True,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    except TimeoutError as error:
        raise SourceTimeout(f"The page was not printed in {SECONDS:.0f} s. Export it as HTML.") from error
    finally:
        end(process.pid)
    return said.decode(errors="replace")


def end(group: int) -> None:
    """End what is left of a browser's processes."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
