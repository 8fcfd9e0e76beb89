"""How a tenant's dashboards look: an accent colour by day and by night, and a logo. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from notehouse_core.errors import Invalid

LARGEST_LOGO = 100_000  # bytes
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_LOGO = re.compile(r"data:image/(?:png|jpeg|webp|svg\+xml);base64,([A-Za-z0-9+/]+=*)")


@dataclass(frozen=True)
class Branding:
    """Colours as #rrggbb and the logo as a data address; empty for what the platform has itself."""

    accent: str = ""
    accent_dark: str = ""
    logo: str = ""

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Branding:
        """Read what a tenant's settings hold."""
        found = settings.get("branding") or {}
        return cls(**{name: str(found.get(name, "")) for name in ("accent", "accent_dark", "logo")})

    def as_json(self) -> dict[str, str]:
        """Return what `of` reads."""
        return asdict(self)

    def check(self) -> None:
        """Raise Invalid for what is no colour or no picture: both end up in pages."""
        for name in ("accent", "accent_dark"):
            value = getattr(self, name)
            if value and not _COLOUR.fullmatch(value):
                raise _wrong(name, "A colour is written as #14506b.")
        if self.logo:
            self._check_logo()

    def _check_logo(self) -> None:
        found = _LOGO.fullmatch(self.logo) if len(self.logo) < 2 * LARGEST_LOGO else None
        try:
            size = len(base64.b64decode(found[1], validate=True)) if found else 0
        except binascii.Error:
            size = 0
        if not 0 < size <= LARGEST_LOGO:
            raise _wrong("logo", f"A logo is a PNG, JPEG, WebP or SVG of at most {LARGEST_LOGO // 1000} kB.")

    def css(self) -> str:
        """The style sheet that puts the colours in the place of the platform's."""
        rule = ":root {{ --accent: {0}; --nh-accent: {0}; }}"
        light = rule.format(self.accent) if self.accent else ""
        dark = self.accent_dark or self.accent
        night = f"@media (prefers-color-scheme: dark) {{ {rule.format(dark)} }}" if dark else ""
        return "\n".join(one for one in (light, night) if one)


def _wrong(field: str, message: str) -> Invalid:
    return Invalid(message, fields=[{"field": field, "message": message}])
