"""What can go wrong with the engines, each in words that say what to do."""

from notehouse_core.errors import NotehouseError


class EngineError(NotehouseError):
    """An engine could not be used."""


class FetchError(EngineError):
    """A part that comes from a package registry could not be fetched."""

    @classmethod
    def of(cls, *, command: str, said: str) -> "FetchError":
        """Build the message from the command and the end of what it printed."""
        last = "\n".join(f"    {line}" for line in said.strip().splitlines()[-8:])
        return cls(
            f"A part of Notehouse could not be fetched ({command}):\n{last}\n"
            "Check that this machine reaches an npm registry (a proxy or mirror is set with `npm config` in "
            "~/.npmrc, own certificates with NODE_EXTRA_CA_CERTS) and that the disk has 1 GB free, then "
            "start again."
        )


class UnsupportedPlatformError(EngineError):
    """There is no embedded engine for this kind of machine."""


class EngineStartError(EngineError):
    """An engine's process ended, or did not answer in time."""
