"""Which files may a viewer hand to a notebook? Those that its upload asks for, of bounded size, and bytes alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]

MODEL = "FileUploadModel"
MAX_FILES = 16  # at once
MAX_BYTES = 8 * 2**20  # of all files of one choice; a kernel's websocket takes ten
REFUSED = (
    f"These files were not sent. It takes at most {MAX_FILES} at once and {MAX_BYTES // 2**20} MB together, "
    "of the kinds that are asked for."
)
_FIELDS = {"name", "type", "size", "last_modified"}
_LONGEST = 255  # characters of a file's name, and of what kind it says it is
_LAST_DAY = 4_102_444_800_000  # milliseconds: 2100-01-01, which every clock can say


def files(data: Json, contents: Sequence[bytes], upload: Json) -> Json | None:
    """Return the update that hands `contents` to an upload with this state; nothing when one of them may not pass."""
    state = data.get("state")
    told = state.get("value") if isinstance(state, dict) else None
    paths = [["value", place, "content"] for place in range(len(contents))]
    if not isinstance(told, list) or len(told) != len(contents) or data.get("buffer_paths") != paths:
        return None
    most = MAX_FILES if upload.get("multiple") else 1
    if len(told) > most or sum(map(len, contents)) > MAX_BYTES:
        return None
    if not all(_is_file(one, held, upload) for one, held in zip(told, contents, strict=True)):
        return None
    return {"method": "update", "state": {"value": told}, "buffer_paths": paths}


def none_chosen(value: Any, _state: Json) -> bool:
    """Accept that there are no files; those that there are come with their bytes."""
    return isinstance(value, list) and not value


def _is_file(told: Any, content: bytes, upload: Json) -> bool:
    if not isinstance(told, dict) or set(told) != _FIELDS:
        return False
    name, kind, changed = told["name"], told["type"], told["last_modified"]
    return (
        _is_name(name)
        and isinstance(kind, str)
        and len(kind) <= _LONGEST
        and type(told["size"]) is int
        and told["size"] == len(content)
        and type(changed) is int
        and 0 <= changed <= _LAST_DAY
        and _is_asked_for(name, kind, str(upload.get("accept") or ""))
    )


def _is_name(name: Any) -> bool:
    """Tell whether this names a file and no place: whoever wrote the notebook may open what is called so."""
    return (
        isinstance(name, str)
        and 0 < len(name) <= _LONGEST
        and name.isprintable()
        and not set(name) & set("/\\")
    )


def _is_asked_for(name: str, kind: str, accept: str) -> bool:
    """Tell whether an `accept` such as `.csv,image/*` means this file; one that is empty means all."""
    wanted = [one.strip().lower() for one in accept.split(",") if one.strip()]
    return not wanted or any(_means(one, name.lower(), kind.lower()) for one in wanted)


def _means(wanted: str, name: str, kind: str) -> bool:
    if wanted.startswith("."):
        return name.endswith(wanted)
    return kind.startswith(wanted[:-1]) if wanted.endswith("/*") else kind == wanted
