"""What ClickHouse's access storage does with our statements, so far as they go: users, profiles, quotas, policies, grants.

No server with a storage for users made by SQL can be installed where these tests run. The statements are checked by
ClickHouse's own parser (test_statements), what it says of a plan by its own tables (test_readback), and everybody's rows
(test_rows_of_everybody) are compared on a real server where NOTEHOUSE_TEST_CLICKHOUSE_URL is set.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from notehouse_core.errors import SourceDown
from notehouse_hub.rights import readback
from notehouse_hub.rights.server import Server, StatementRefused

NAME = r"`(\w+)`"
Rows = list[list[Any]]


class AccessModel(Server):
    """Stands where the server would; `after` is called after every statement."""

    def __init__(self) -> None:
        self.users: dict[str, tuple[str, str]] = {}  # password's hash, profile
        self.profiles: dict[str, str] = {}
        self.quotas: dict[str, str] = {}
        self.policies: dict[tuple[str, str, str], tuple[str, bool, str]] = {}  # filter, restrictive, user
        self.grants: dict[str, set[tuple[str, str, str]]] = defaultdict(set)  # database, table, column
        self.others: dict[str, set[tuple[str, ...]]] = defaultdict(set)  # rights that read nothing
        self.roles: dict[str, set[str]] = defaultdict(set)
        self.done: list[str] = []
        self.refuses = ""
        self.after: Any = lambda: None

    async def close(self) -> None:
        return None

    async def execute(self, statement: str) -> None:
        if self.refuses and re.search(self.refuses, statement):
            raise StatementRefused("this one is refused")
        self.done.append(statement)
        for pattern, act in self._acts().items():
            if found := re.match(pattern, statement, re.DOTALL):
                act(*found.groups())
                self.after()
                return
        raise AssertionError(f"the model does not know: {statement}")

    def _acts(self) -> dict[str, Any]:
        return {
            rf"(CREATE|ALTER) SETTINGS PROFILE (?:IF NOT EXISTS )?{NAME} SETTINGS (.*)$": self._profile,
            rf"(CREATE|ALTER) USER (?:IF NOT EXISTS )?{NAME} IDENTIFIED WITH sha256_hash BY '(\w+)' HOST ANY "
            r"SETTINGS PROFILE '(\w+)'$": self._user,
            rf"(CREATE|ALTER) QUOTA (?:IF NOT EXISTS )?{NAME} KEYED BY client_key, user_name FOR INTERVAL 3600 second "
            r"MAX queries = (\d+) TO `(\w+)`$": self._quota,
            rf"(CREATE|ALTER) ROW POLICY (?:IF NOT EXISTS )?{NAME} ON `(\w+)`\.(\*|`\w+`) AS (\w+) FOR SELECT USING "
            r"\(\n(.*)\n\) TO `(\w+)`$": self._policy,
            rf"GRANT (.*) TO {NAME} WITH REPLACE OPTION$": self._grant,
            rf"REVOKE ALL PRIVILEGES ON \*\.\* FROM {NAME}$": self._revoke,
            rf"REVOKE `(\w+)` FROM {NAME}$": lambda role, user: self.roles[user].discard(role),
            rf"DROP USER IF EXISTS {NAME}$": self._drop_user,
            rf"DROP SETTINGS PROFILE IF EXISTS {NAME}$": lambda name: self.profiles.pop(name, None),
            rf"DROP QUOTA IF EXISTS {NAME}$": lambda name: self.quotas.pop(name, None),
            rf"DROP ROW POLICY IF EXISTS {NAME} ON `(\w+)`\.(\*|`\w+`)$": lambda name, database, table: (
                self.policies.pop((name, database, table.strip("`*")), None)
            ),
            r"KILL QUERY WHERE user IN \(.*\) SYNC$": lambda: None,
        }

    def _profile(self, how: str, name: str, settings: str) -> None:
        if how == "ALTER" or name not in self.profiles:
            self.profiles[name] = settings

    def _user(self, how: str, name: str, hashed: str, profile: str) -> None:
        assert profile in self.profiles, "a profile must be there before its user"
        if how == "ALTER" or name not in self.users:
            self.users[name] = hashed, profile

    def _quota(self, how: str, name: str, most: str, user: str) -> None:
        assert user in self.users
        if how == "ALTER" or name not in self.quotas:
            self.quotas[name] = most

    def _policy(
        self, how: str, name: str, database: str, table: str, kind: str, text: str, user: str
    ) -> None:
        assert user in self.users, "a policy is for a user that is there"
        key = name, database, table.strip("`*")
        if how == "ALTER" or key not in self.policies:
            self.policies[key] = text, kind == "RESTRICTIVE", user

    def _grant(self, what: str, user: str) -> None:
        assert user in self.users
        given = re.findall(r"SELECT(?:\(([^)]*)\))?(?:, INSERT)? ON `(\w+)`\.(\*|`\w+`)", what)
        writes = re.findall(r"INSERT ON `(\w+)`\.(\*|`\w+`)", what)
        self.others[user] = {("INSERT", database, table.strip("`*"), "") for database, table in writes}
        for right in ("CREATE TEMPORARY TABLE ON *.*", "TABLE ENGINE ON Memory"):
            if right in what:
                self.others[user].add((right.partition(" ON ")[0], "", "", ""))
        self.grants[user] = {
            (database, table.strip("`*"), column)
            for columns, database, table in given
            for column in (re.findall(r"`(\w+)`", columns) or [""])
        }

    def _revoke(self, user: str) -> None:
        self.grants[user].clear()
        self.others[user].clear()

    def _drop_user(self, user: str) -> None:
        self.users.pop(user, None)
        self.others.pop(user, None)
        self.grants.pop(user, None)
        self.roles.pop(user, None)
        self.policies = {
            key: (text, restrictive, "" if whose == user else whose)
            for key, (text, restrictive, whose) in self.policies.items()
        }

    async def lets_in(self, user: str, password: str) -> bool:
        from hashlib import sha256

        return self.users[user][0] == sha256(password.encode()).hexdigest()

    async def rows(self, statement: str, **parameters: str) -> Rows:
        """Answer as the system tables would."""
        answers = {
            readback._USERS: self._of_users,
            readback._PROFILES: lambda: [[name] for name in self.profiles],
            readback._ELEMENTS: self._of_elements,
            readback._QUOTAS: lambda: [
                [name, ["client_key", "user_name"], 0, [name], []] for name in self.quotas
            ],
            readback._LIMITS: lambda: [[name, 3600, int(most)] for name, most in self.quotas.items()],
            readback._POLICIES: self._of_policies,
            readback._GRANTS: lambda: (
                [[user, "SELECT", *row, 0, 0, 0] for user, rows in self.grants.items() for row in rows]
                + [[user, *row, 0, 0, 0] for user, rows in self.others.items() for row in rows]
            ),
            readback._ROLES: lambda: [[user, role] for user, roles in self.roles.items() for role in roles],
        }
        if statement in answers:
            return [row for row in answers[statement]() if re.search(parameters["ours"], row[0] or row[1])]
        if statement.startswith("SELECT name FROM system.settings"):
            return [["readonly"], ["dialect"], ["max_execution_time"]]
        found = re.search(r"arrayJoin\(\[(.*)\]\)", statement, re.DOTALL)
        if found is None:
            raise SourceDown(f"the model does not know: {statement}")
        filters = [one.replace("\\'", "'") for one in re.findall(r"'((?:[^'\\]|\\.)*)'", found[1])]
        return [[one, None if one.count("(") != one.count(")") else f"SELECT ({one})"] for one in filters]

    def _of_users(self) -> Rows:
        return [[name, "['sha256_password']"] for name in self.users]

    def _of_elements(self) -> Rows:
        rows: Rows = [
            ["", user, "", None, None, None, None, profile] for user, (_, profile) in self.users.items()
        ]
        for name, settings in self.profiles.items():
            for one in settings.split(", "):
                setting, *rest = one.split()
                words = dict(zip(rest[::2], rest[1::2], strict=False))
                const = "CONST" if rest[-1] == "CONST" else None
                facts = [words.get("="), words.get("MIN"), words.get("MAX"), const, None]
                rows.append([name, "", setting, *facts])
        return rows

    def _of_policies(self) -> Rows:
        return [
            [name, database, table, f"SELECT ({text})", int(restrictive), 0, [user] if user else [], []]
            for (name, database, table), (text, restrictive, user) in self.policies.items()
        ]
