"""Stock jupysql, run in an environment of its own: the rows of P6 as a pandas frame, straight from ClickHouse."""

from __future__ import annotations

import json
import sys
import time
from typing import Any
from urllib.parse import urlsplit

from IPython.core.interactiveshell import InteractiveShell
from sqlalchemy import create_engine

from benchmarks.direct import Pool
from benchmarks.rows import rows

COUNT, TIMES = 1_000_000, 3


def main(url: str, key: str) -> None:
    """Print the milliseconds of each cell as JSON."""
    address = urlsplit(url)
    pool = {"pool_mgr": Pool({"X-Notehouse-Key": key}), "autogenerate_session_id": False}
    engine = create_engine(
        f"clickhousedb://default:@{address.hostname}:{address.port}/default", connect_args=pool
    )
    shell: Any = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "sql")
    for setting in ("autopandas=True", "feedback=0", "displaycon=False", "displaylimit=0"):
        shell.run_line_magic("config", f"SqlMagic.{setting}")
    shell.user_ns["engine"] = engine
    shell.run_line_magic("sql", "engine")
    print("measured", json.dumps([_cell(shell) for _ in range(TIMES)]))


def _cell(shell: Any) -> float:
    began = time.perf_counter()
    shell.run_cell_magic("sql", "frame <<", rows(COUNT))
    spent = (time.perf_counter() - began) * 1000
    if shell.user_ns["frame"].shape != (COUNT, 5):
        raise ValueError("rows are missing")
    return spent


if __name__ == "__main__":
    main(*sys.argv[1:])
