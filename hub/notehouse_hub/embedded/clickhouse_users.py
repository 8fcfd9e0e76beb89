"""Who may read what in the embedded ClickHouse? An AccessPlan, written as its users file.

Fails closed: a name that cannot stand in the file, or a grant without a row filter, stops the writing, and the
file of before stays.
"""

import hashlib
import os
import re
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from notehouse_core.access import AccessClass, AccessPlan, TableGrant, clickhouse_password, clickhouse_user

# The user of the query gateway's statement gate: it parses, and may read nothing.
GATE_ID = "gate"
GATE_USER = clickhouse_user(GATE_ID)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EVERYTHING = "*"
_STATEMENT_BYTES = 5_000_000  # the longest statement, quoted once more by the gate

# What no class may change: who is asked, what a filter means, what the engine tells of itself.
_CONSTANT = {
    "readonly": "2",
    "allow_ddl": "0",
    "allow_introspection_functions": "0",
    "allow_get_client_http_header": "0",
    "implicit_select": "0",
    "max_query_size": str(_STATEMENT_BYTES),
    "max_concurrent_queries_for_user": "200",
    "query_cache_share_between_users": "0",
    "cancel_http_readonly_queries_on_client_close": "1",
    "log_queries": "1",
    "format_display_secrets_in_show_and_select": "0",
    "allow_settings_after_format_in_insert": "0",
    "storage_file_read_method": "mmap",
}
# The values these have are the engine's own; that nobody may give others is what matters.
_FIXED = (
    "additional_table_filters",
    "additional_result_filter",
    "dialect",
    "allow_experimental_analyzer",
    "enable_analyzer",
    "format_schema",
    "format_template_row",
    "format_template_resultset",
    "output_format_schema",
    "format_avro_schema_registry_url",
    "log_query_threads",
    "force_data_skipping_indices",
)


class PlanError(Exception):
    """An access plan holds something that cannot be written safely."""


class Parts(NamedTuple):
    """The three parts of a users file."""

    profiles: Element
    quotas: Element
    users: Element


def write_users_file(plan: AccessPlan, class_secret: str, path: Path, *, owner: int | None = None) -> None:
    """Write the plan to `path`, whole or not at all, readable by its owner alone (uid `owner` when root).

    The text depends on the plan only. Raises PlanError.
    """
    text = users_xml(plan, class_secret)
    draft = path.with_name(f".{path.name}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w") as output:
        os.fchmod(output.fileno(), 0o600)
        if owner is not None:
            os.fchown(output.fileno(), owner, owner)
        output.write(text)
        output.flush()
        os.fsync(output.fileno())
    draft.replace(path)


def users_xml(plan: AccessPlan, class_secret: str) -> str:
    """Return the users file of a plan. Raises PlanError."""
    root = Element("clickhouse")
    parts = Parts(*(SubElement(root, name) for name in ("profiles", "quotas", "users")))
    _add_admin(parts)
    _add_gate(parts, clickhouse_password(class_secret, GATE_ID))
    for class_id in sorted(plan.classes):
        _add_class(parts, plan.classes[class_id], class_id, clickhouse_password(class_secret, class_id))
    indent(root)
    return tostring(root, encoding="unicode") + "\n"


def _add_admin(parts: Parts) -> None:
    """The session of the engine's own process is this user; a password would stop its start."""
    SubElement(parts.profiles, "default")
    SubElement(parts.quotas, "default")
    user = SubElement(parts.users, "default")
    _add_text(user, "password", "")
    _add_account(user, profile="default", quota="default")


def _add_gate(parts: Parts, password: str) -> None:
    profile = SubElement(parts.profiles, GATE_USER)
    for name, value in {**_CONSTANT, "max_query_size": "6000000", "log_queries": "0"}.items():
        _add_text(profile, name, value)
    _add_constants(SubElement(profile, "constraints"))
    user = SubElement(parts.users, GATE_USER)
    _add_password(user, password)
    _add_account(user, profile=GATE_USER, quota="default")
    _add_text(SubElement(user, "grants"), "query", "GRANT NONE ON *.*")


def _add_class(parts: Parts, one: AccessClass, class_id: str, password: str) -> None:
    name = clickhouse_user(class_id)
    if not _NAME.fullmatch(name):
        raise PlanError(f"{class_id!r} is not the id of an access class.")
    _add_profile(parts.profiles, name, one)
    _add_quota(parts.quotas, name, one)
    user = SubElement(parts.users, name)
    _add_password(user, password)
    _add_account(user, profile=name, quota=name)
    grants = SubElement(user, "grants")
    for grant in one.grants:
        _add_text(grants, "query", _grant(grant))
    if not one.grants:
        _add_text(grants, "query", "GRANT NONE ON *.*")
    _add_filters(user, one)


def _add_account(user: Element, *, profile: str, quota: str) -> None:
    _add_text(SubElement(user, "networks"), "ip", "127.0.0.1")
    _add_text(user, "profile", profile)
    _add_text(user, "quota", quota)


def _add_password(user: Element, password: str) -> None:
    _add_text(user, "password_sha256_hex", hashlib.sha256(password.encode()).hexdigest())


def _add_profile(profiles: Element, name: str, one: AccessClass) -> None:
    """Limits are what a caller may lower but not raise; 0 would mean none at all, so 1 is the least."""
    profile = SubElement(profiles, name)
    limits = {
        "max_execution_time": one.limits.execution_seconds,
        "max_rows_to_read": one.limits.rows_to_read,
        "max_result_rows": one.limits.result_rows,
        "max_memory_usage": one.limits.memory_bytes,
    }
    for setting, value in [*_CONSTANT.items(), *((limit, str(value)) for limit, value in limits.items())]:
        _add_text(profile, setting, value)
    constraints = SubElement(profile, "constraints")
    for setting, most in limits.items():
        bounds = SubElement(constraints, setting)
        _add_text(bounds, "min", "1")
        _add_text(bounds, "max", str(most))
    _add_constants(constraints)


def _add_constants(constraints: Element) -> None:
    for setting in sorted({*_CONSTANT, *_FIXED}):
        SubElement(SubElement(constraints, setting), "const")


def _add_quota(quotas: Element, name: str, one: AccessClass) -> None:
    """Counted for each user of a class apart: the gateway gives the user's name as the quota's key."""
    quota = SubElement(quotas, name)
    SubElement(quota, "keyed")
    interval = SubElement(quota, "interval")
    _add_text(interval, "duration", "3600")
    _add_text(interval, "queries", str(one.limits.queries_an_hour))


def _add_filters(user: Element, one: AccessClass) -> None:
    """A granted table without a filter would show all its rows, so each gets one."""
    databases = SubElement(user, "databases")
    found: dict[str, Element] = {}
    for grant in one.grants:
        _check(grant)
        if grant.table == _EVERYTHING:
            continue
        if grant.database not in found:
            found[grant.database] = SubElement(databases, grant.database)
        if found[grant.database].find(grant.table) is not None:
            raise PlanError(f"{grant.database}.{grant.table} is granted twice to one class.")
        table = SubElement(found[grant.database], grant.table)
        _add_text(table, "filter", grant.row_filter)


def _check(grant: TableGrant) -> None:
    where = f"{grant.database}.{grant.table}"
    if not grant.row_filter.strip():
        raise PlanError(f"{where} is granted without a row filter. Give one; 1 stands for every row.")
    if grant.table == _EVERYTHING and grant.row_filter.strip() != "1":
        raise PlanError(f"{where} cannot be granted with a row filter: name the tables one by one.")
    for name in (grant.database, *([] if grant.table == _EVERYTHING else [grant.table])):
        if not _NAME.fullmatch(name):
            raise PlanError(
                f"{where} cannot be granted: {name!r} has characters other than letters, digits and _."
            )
    if re.search(r"[\x00-\x1f\x7f]", grant.row_filter.replace("\n", " ").replace("\t", " ")):
        raise PlanError(f"The row filter of {where} has a control character in it.")


def _grant(grant: TableGrant) -> str:
    _check(grant)
    table = _EVERYTHING if grant.table == _EVERYTHING else f"`{grant.table}`"
    if grant.columns is None:
        return f"GRANT SELECT ON `{grant.database}`.{table}"
    if not grant.columns:
        return "GRANT NONE ON *.*"
    columns = ", ".join(_quoted(column) for column in sorted(set(grant.columns)))
    return f"GRANT SELECT({columns}) ON `{grant.database}`.{table}"


def _quoted(column: str) -> str:
    if not column or re.search(r"[\x00-\x1f\x7f]", column):
        raise PlanError(f"{column!r} is not the name of a column.")
    escaped = column.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


def _add_text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = text
