"""What does a person call the browser behind a User-Agent?"""

from dataclasses import dataclass

# In this order: most browsers also name those that they descend from.
_PROGRAMS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("HeadlessChrome", "Chromium"), ("Chrome/", "Chrome"),
    ("Safari/", "Safari"), ("curl/", "curl"), ("python-httpx", "a Python program"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


@dataclass(frozen=True)
class Browser:
    """A browser in words; `is_phone` chooses its picture."""

    name: str
    is_phone: bool


def browser_of(agent: str) -> Browser:
    """Read a User-Agent as far as people care."""
    program = next((name for mark, name in _PROGRAMS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    name = " on ".join(word for word in (program, system) if word)
    return Browser(name or "Unknown browser", system in {"iPhone", "Android"})
