"""A mail as a page: its HTML with the pictures it carries put in."""

import base64
import re
from email.message import EmailMessage

_PICTURE = re.compile(r'src="cid:([0-9a-f]+)"')


def page_of(mail: EmailMessage) -> str:
    """Return the HTML part of a mail, its `cid:` pictures as data."""
    page = mail.get_body(("html", "plain"))
    assert isinstance(page, EmailMessage)  # noqa: S101 - every mail of ours has both
    pictures = {
        str(part["Content-ID"]).strip("<>"): _data(part) for part in mail.walk() if part["Content-ID"]
    }
    text = str(page.get_content())
    return _PICTURE.sub(lambda found: f'src="{pictures.get(found[1], "")}"', text)


def _data(part: EmailMessage) -> str:
    content = part.get_payload(decode=True)
    kept = content if isinstance(content, bytes) else b""
    return f"data:{part.get_content_type()};base64,{base64.b64encode(kept).decode()}"
