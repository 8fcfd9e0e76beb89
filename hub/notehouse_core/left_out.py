"""What do our servers do without? Parts of libraries that are loaded where they are installed, and that they never use.

`jsonschema`, which comes with notebooks' format and Jupyter's events, checks texts in more formats with them. The grammar of
addresses in all languages alone takes a second of CPU at each start, and holds 20 MB. Kernels keep them, for people.
"""

import sys

OPTIONAL = ("rfc3987", "rfc3987_syntax", "isoduration")


def leave_out() -> None:
    """Have these be as if they were not installed, in this process; to be called before they are imported."""
    for name in OPTIONAL:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # how Python is told that there is none
