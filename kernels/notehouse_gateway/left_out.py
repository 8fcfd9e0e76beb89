"""What does a gateway do without? Parts of libraries that are loaded where they are installed, and that it never uses.

`jsonschema` checks texts in more formats with them; a gateway has one schema, of Jupyter's events, and none of these in it.
"""

import sys

# The grammar of addresses in all languages alone holds 17 MB.
OPTIONAL = ("rfc3987", "rfc3987_syntax", "isoduration")


def leave_out() -> None:
    """Have these be as if they were not installed, in this process; to be called before they are imported."""
    for name in OPTIONAL:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # how Python is told that there is none
