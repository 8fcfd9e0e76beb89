"""An AccessPlan as a users file: the only way for the embedded ClickHouse, and one for a server that reads users.d.

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
from notehouse_hub.rights.grants import EVERYTHING, NOTHING, TEMPORARY, PlanError, check, privilege
from notehouse_hub.rights.profile import (
    GATE_ID,
    GATE_USER,
    QUOTA_SECONDS,
    Profile,
    profile_of,
    profile_of_gate,
)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EMBEDDED_HOST, _ANY_HOST = "127.0.0.1", "::/0"


class Parts(NamedTuple):
    """The three parts of a users file, and the host from which its users may come."""

    profiles: Element
    quotas: Element
    users: Element
    host: str


def write_users_file(
    plan: AccessPlan, class_secret: str, path: Path, *, owner: int | None = None, beside: bool = False
) -> None:
    """Write the plan to `path`, whole or not at all, readable by its owner alone (uid `owner` when root).

    `beside`: the file lies in the users.d of a server with users of its own, whose group may read it. The text depends
    on the plan only. Raises PlanError.
    """
    text = users_xml(plan, class_secret, beside=beside)
    mode = 0o640 if beside else 0o600
    draft = path.with_name(f".{path.name}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
    with os.fdopen(handle, "w") as output:
        os.fchmod(output.fileno(), mode)
        if owner is not None:
            os.fchown(output.fileno(), owner, owner)
        output.write(text)
        output.flush()
        os.fsync(output.fileno())
    draft.replace(path)


def users_xml(plan: AccessPlan, class_secret: str, *, beside: bool = False) -> str:
    """Return the users file of a plan. Raises PlanError."""
    root = Element("clickhouse")
    host = _ANY_HOST if beside else _EMBEDDED_HOST
    profiles, quotas, users = (SubElement(root, name) for name in ("profiles", "quotas", "users"))
    parts = Parts(profiles, quotas, users, host)
    if not beside:
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
    _add_account(user, parts.host, "default")


def _add_gate(parts: Parts, password: str) -> None:
    _add_profile(parts.profiles, GATE_USER, profile_of_gate())
    SubElement(parts.quotas, GATE_USER)  # that counts and bounds nothing
    user = SubElement(parts.users, GATE_USER)
    _add_password(user, password)
    _add_account(user, parts.host, GATE_USER)
    _add_text(SubElement(user, "grants"), "query", f"GRANT {NOTHING}")


def _add_class(parts: Parts, one: AccessClass, class_id: str, password: str) -> None:
    name = clickhouse_user(class_id)
    if not _NAME.fullmatch(name):
        raise PlanError(f"{class_id!r} is not the id of an access class.")
    _add_profile(parts.profiles, name, profile_of(one.limits, writes=bool(one.writable)))
    _add_quota(parts.quotas, name, one)
    user = SubElement(parts.users, name)
    _add_password(user, password)
    _add_account(user, parts.host, name)
    grants = SubElement(user, "grants")
    for grant in one.grants:
        _check(grant)
        _add_text(grants, "query", f"GRANT {privilege(grant)}")
    for temporary in TEMPORARY if one.grants else (NOTHING,):
        _add_text(grants, "query", f"GRANT {temporary}")
    _add_filters(user, one)


def _add_account(user: Element, host: str, of: str) -> None:
    _add_text(SubElement(user, "networks"), "ip", host)
    _add_text(user, "profile", of)
    _add_text(user, "quota", of)


def _add_password(user: Element, password: str) -> None:
    _add_text(user, "password_sha256_hex", hashlib.sha256(password.encode()).hexdigest())


def _add_profile(profiles: Element, name: str, settings: Profile) -> None:
    profile = SubElement(profiles, name)
    for setting, bound in settings.items():
        if bound.value is not None:
            _add_text(profile, setting, bound.value)
    constraints = SubElement(profile, "constraints")
    for setting, bound in settings.items():
        constraint = SubElement(constraints, setting)
        if bound.const:
            SubElement(constraint, "const")
        else:
            _add_text(constraint, "min", bound.least or "")
            _add_text(constraint, "max", bound.most or "")


def _add_quota(quotas: Element, name: str, one: AccessClass) -> None:
    """Counted for each user of a class apart: the gateway gives the user's name as the quota's key."""
    quota = SubElement(quotas, name)
    SubElement(quota, "keyed")
    interval = SubElement(quota, "interval")
    _add_text(interval, "duration", str(QUOTA_SECONDS))
    _add_text(interval, "queries", str(one.limits.queries_an_hour))


def _add_filters(user: Element, one: AccessClass) -> None:
    """A granted table without a filter would show all its rows, so each gets one."""
    databases = SubElement(user, "databases")
    found: dict[str, Element] = {}
    for grant in one.grants:
        if grant.table == EVERYTHING:
            continue
        if grant.database not in found:
            found[grant.database] = SubElement(databases, grant.database)
        if found[grant.database].find(grant.table) is not None:
            raise PlanError(f"{grant.database}.{grant.table} is granted twice to one class.")
        table = SubElement(found[grant.database], grant.table)
        _add_text(table, "filter", grant.row_filter)


def _check(grant: TableGrant) -> None:
    """Names of databases and tables are those of elements in the file."""
    check(grant)
    for name in (grant.database, *([] if grant.table == EVERYTHING else [grant.table])):
        if not _NAME.fullmatch(name):
            raise PlanError(
                f"{grant.database}.{grant.table} cannot be granted: {name!r} has characters other than letters, "
                "digits and _."
            )


def _add_text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = text
