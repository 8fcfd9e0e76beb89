"""With which configuration does the embedded ClickHouse run?"""

import shutil
from pathlib import Path
from xml.sax.saxutils import escape

KEY_HEADER = "X-Notehouse-Key"

# The session inside the process is an admin without a password, so every request must carry a secret header;
# whatever does not, /ping included, is answered 404. A reader of a topic that was killed is missed after seconds, so that
# the next start need not wait long for its partitions.
_CONFIG = """<clickhouse>
  <logger><level>warning</level><console>1</console><console_log_level>warning</console_log_level></logger>
  <path>{folder}/</path>
  <tmp_path>{folder}/tmp/</tmp_path>
  <users_config>{users}</users_config>
  <access_control_improvements>
    <users_without_row_policies_can_read_rows>false</users_without_row_policies_can_read_rows>
    <select_from_system_db_requires_grant>true</select_from_system_db_requires_grant>
    <select_from_information_schema_requires_grant>true</select_from_information_schema_requires_grant>
    <settings_constraints_replace_previous>true</settings_constraints_replace_previous>
    <table_engines_require_grant>true</table_engines_require_grant>
  </access_control_improvements>
  <query_log>
    <database>system</database><table>query_log</table>
    <flush_interval_milliseconds>1000</flush_interval_milliseconds>
  </query_log>
  <query_cache>
    <max_size_in_bytes>536870912</max_size_in_bytes>
    <max_entries>2048</max_entries>
    <max_entry_size_in_bytes>33554432</max_entry_size_in_bytes>
  </query_cache>
  <kafka>
    <session_timeout_ms>6000</session_timeout_ms><heartbeat_interval_ms>1000</heartbeat_interval_ms>
  </kafka>
  <http_handlers>
    <rule>
      <headers><{header}>{key}</{header}></headers>
      <handler><type>dynamic_query_handler</type><query_param_name>query</query_param_name></handler>
    </rule>
  </http_handlers>
</clickhouse>
"""

# What a start needs when no plan of access was written: the session of the process itself, and nobody else.
MINIMAL_USERS = """<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password></password><networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile><quota>default</quota>
    </default>
  </users>
</clickhouse>
"""


def config_xml(*, folder: Path, users: Path, key: str) -> str:
    """Return the server's configuration."""
    return _CONFIG.format(
        folder=escape(str(folder)), users=escape(str(users)), key=escape(key), header=KEY_HEADER
    )


def prepare_folder(folder: Path) -> None:
    """Make the data folder ready for a start.

    The system tables of the last run would keep query_log from being made again; its configuration, if it was
    killed before it could remove it, holds an old key.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tmp").mkdir(exist_ok=True)
    for leftover in [folder / "data" / "system", *folder.glob("config-*")]:
        shutil.rmtree(leftover, ignore_errors=True)
