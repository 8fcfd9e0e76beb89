"""Everything of a platform is back after its folder was lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser

from acceptance.platform import Person, free_port, started
from acceptance.test_main_job import CARRIERS, notebook
from notehouse_hub.embedded.standalone import engines


def command(*words: str) -> str:
    line = [sys.executable, "-m", "notehouse_hub.cli", *words]
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_lost_folder_comes_back(folder: Path, browser: Browser) -> None:
    data, file, port = folder / "data", folder / "house.tar.gz", free_port()
    with started(data, port, engines()) as platform:
        analyst = Person(platform, browser, "united-analyst").login()
        with analyst.api() as api:
            body = {"name": "kept", "notebook": notebook("1"), "cron": "0 0 1 1 *"}
            api.post("schedules", json=body).raise_for_status()
            before = api.post("queries", json={"sql": CARRIERS}).raise_for_status().json()["rows"]
        analyst.context.close()
    command("backup", str(file), "--data", str(data))
    (data / "env").rename(folder / "env")  # made again otherwise, which only takes time
    shutil.rmtree(data)
    command("restore", str(file), "--data", str(data))
    (folder / "env").rename(data / "env")
    with started(data, port, engines()) as platform:
        analyst = Person(platform, browser, "united-analyst").login()
        with analyst.api() as api:
            assert "kept" in {one["name"] for one in api.get("schedules").json()["items"]}
            assert "punctuality" in {one["slug"] for one in api.get("dashboards").json()["items"]}
            assert api.post("queries", json={"sql": CARRIERS}).raise_for_status().json()["rows"] == before
        analyst.page.goto(f"{platform.url}/services/dashboards/united/punctuality")
        analyst.page.frame_locator("#dashboard").locator("text=58,665").wait_for(timeout=180_000)
        analyst.context.close()
