"""Which ports does the platform use, and are they free?"""

import socket
from dataclasses import dataclass, fields

from notehouse_hub.supervisor.errors import StartRefusedError


@dataclass(frozen=True)
class Ports:
    """The ports of one platform, counted from the public one."""

    public: int
    proxy_api: int
    hub: int
    api: int
    query_gateway: int
    dashboards: int
    clickhouse: int
    worker: int
    proxy_metrics: int
    printer: int
    rights: int

    @classmethod
    def from_base(cls, base: int) -> "Ports":
        """Lay the ports out from the public one upwards."""
        return cls(*(base + offset for offset in range(len(fields(cls)))))


def check_free(ports: Ports, host: str, *, clickhouse: bool = True) -> None:
    """Raise StartRefusedError naming each port that something else listens on, before anything is started."""
    unused = "rights" if clickhouse else "clickhouse"
    wanted = [field.name for field in fields(ports) if field.name != unused]
    taken = [
        name
        for name in wanted
        if not _is_free(host if name == "public" else "127.0.0.1", getattr(ports, name))
    ]
    if taken:
        names = ", ".join(f"{getattr(ports, name)} ({name.replace('_', ' ')})" for name in taken)
        raise StartRefusedError(
            f"Port in use by another program: {names}. Nothing was started. "
            "Stop that program, or choose other ports with --port N "
            f"(Notehouse uses N to N+{len(fields(ports)) - 1})."
        )


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
        try:
            probe.bind((host, port))
        except PermissionError as error:
            raise StartRefusedError(
                f"This user may not listen on port {port}. Choose one above 1023 with --port N."
            ) from error
        except OSError:
            return False
    return True
