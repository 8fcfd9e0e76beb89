"""Which roles and databases does Notehouse have in Postgres, and what may each do?

The owner of the schema only migrates; the app role reads and writes rows and can change no table; the Hub has
a database of its own that the others cannot open.
"""

from dataclasses import dataclass

import psycopg
from psycopg import sql

from notehouse_hub.embedded.postgres import SUPERUSER, Cluster

OWNER, APP, HUB = "notehouse_owner", "notehouse_app", "notehouse_hub"
DATABASE, HUB_DATABASE = "notehouse", "hub"
DEMO, DEMO_READER, DEMO_DATABASE = "notehouse_demo", "notehouse_demo_reader", "metadata_demo"

_APP_RIGHTS = (
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT USAGE ON SEQUENCES TO {app}",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT USAGE ON TYPES TO {app}",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT EXECUTE ON FUNCTIONS TO {app}",
)


@dataclass(frozen=True)
class Passwords:
    """The passwords of the four roles."""

    superuser: str
    owner: str
    app: str
    hub: str


@dataclass(frozen=True)
class Urls:
    """SQLAlchemy URLs of the databases, one a role."""

    owner: str
    app: str
    hub: str

    @classmethod
    def of(cls, cluster: Cluster, passwords: Passwords) -> "Urls":
        """Build the URLs of an embedded cluster."""
        return cls(
            owner=cluster.url(OWNER, passwords.owner, DATABASE),
            app=cluster.url(APP, passwords.app, DATABASE),
            hub=cluster.url(HUB, passwords.hub, HUB_DATABASE),
        )


def connect(cluster: Cluster, password: str, database: str = "postgres") -> psycopg.Connection:
    """Connect as the superuser, every statement its own transaction."""
    return psycopg.connect(
        host=str(cluster.sockets), port=cluster.port, user=SUPERUSER, password=password, dbname=database,
        autocommit=True, connect_timeout=5,
    )  # fmt: skip


def provision(cluster: Cluster, passwords: Passwords) -> None:
    """Make roles and databases that are missing, and set the passwords; safe to repeat at every start."""
    with connect(cluster, passwords.superuser) as connection:
        for role, password in ((OWNER, passwords.owner), (APP, passwords.app), (HUB, passwords.hub)):
            _role(connection, role, password)
        _database(connection, DATABASE, owner=OWNER, readers=(APP,))
        _database(connection, HUB_DATABASE, owner=HUB, readers=())
    with connect(cluster, passwords.superuser, DATABASE) as connection:
        for statement in _APP_RIGHTS:
            names = {"owner": sql.Identifier(OWNER), "app": sql.Identifier(APP)}
            connection.execute(sql.SQL(statement).format(**names))


def provision_demo(cluster: Cluster, superuser: str, owner: str, reader: str) -> None:
    """Make the database that the demo queries, with an owner and a reader of these passwords; safe to repeat."""
    with connect(cluster, superuser) as connection:
        for role, password in ((DEMO, owner), (DEMO_READER, reader)):
            _role(connection, role, password)
        _database(connection, DEMO_DATABASE, owner=DEMO, readers=(DEMO_READER,))


def _role(connection: psycopg.Connection, name: str, password: str) -> None:
    role = sql.Identifier(name)
    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone():
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
    # Only the verifier travels and could be logged, never the password.
    verifier = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, sql.Literal(verifier)))


def _database(connection: psycopg.Connection, name: str, *, owner: str, readers: tuple[str, ...]) -> None:
    database = sql.Identifier(name)
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, sql.Identifier(owner)))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    for reader in readers:
        connection.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, sql.Identifier(reader))
        )
