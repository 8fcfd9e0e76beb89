"""What a kernel may find in its environment: names on one list, and nothing else."""

from collections.abc import Mapping

# What a Python process needs to run as this user on this machine.
PROCESS = frozenset(
    {
        "HOME",
        "IPYTHONDIR",
        "JPY_SESSION_NAME",
        "LANG",
        "LANGUAGE",
        "LOGNAME",
        "MPLBACKEND",
        "OMP_NUM_THREADS",
        "PATH",
        "PYTHONNOUSERSITE",
        "PYTHONUTF8",
        "SHELL",
        "SSL_CERT_FILE",
        "TERM",
        "TMPDIR",
        "TZ",
        "USER",
        "VIRTUAL_ENV",
    }
)
# What reaches data: addresses, and the file of a token that lives minutes. Never a token itself.
PLATFORM = frozenset(
    {
        "NOTEHOUSE_API_URL",
        "NOTEHOUSE_COMM_SEED",
        "NOTEHOUSE_OUTPUT_RATE",
        "NOTEHOUSE_QUERY_URL",
        "NOTEHOUSE_TOKEN_FILE",
    }
)
ALLOWED = PROCESS | PLATFORM


def kernel_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the part of an environment that a kernel may have."""
    return {name: value for name, value in environment.items() if name in ALLOWED or name.startswith("LC_")}
