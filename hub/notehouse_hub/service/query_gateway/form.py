"""Reads a multipart form (RFC 7578) as one reader would: nothing before it, nothing after it, no encodings within."""

from dataclasses import dataclass, field

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from notehouse_hub.service.query_gateway.refusal import Refusal, malformed

_PLAIN = {"7bit", "8bit", "binary"}


@dataclass
class Part:
    """One part; `file` for one with the name of a file."""

    name: str = ""
    file: bool = False
    data: bytearray = field(default_factory=bytearray)


class _Reader:
    """What the parser calls."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._field, self._value = bytearray(), bytearray()
        self._headers: dict[str, str] = {}

    def part_begin(self) -> None:
        self.parts.append(Part())
        self._headers = {}

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        name = self._field.decode("latin-1").lower()
        if name in self._headers:
            raise malformed(f"A part of the form has the header {name} twice.")
        self._headers[name] = self._value.decode("latin-1")
        self._field.clear()
        self._value.clear()

    def headers_finished(self) -> None:
        kind, options = parse_options_header(self._headers.get("content-disposition", ""))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        encoding = self._headers.get("content-transfer-encoding", "binary").lower()
        inner = self._headers.get("content-type", "").lower()
        if kind != b"form-data" or not name or encoding not in _PLAIN or inner.startswith("multipart/"):
            raise _not_a_form()
        self.parts[-1].name, self.parts[-1].file = name, b"filename" in options

    def part_data(self, data: bytes, start: int, end: int) -> None:
        self.parts[-1].data += data[start:end]


def read(content_type: str, body: bytes) -> list[Part]:
    """Return the parts of a form. Raises Refusal for one that is not whole, or that could be read in two ways."""
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise _not_a_form()
    reader = _Reader()
    parser = MultipartParser(
        boundary,
        {
            "on_part_begin": reader.part_begin,
            "on_header_field": reader.header_field,
            "on_header_value": reader.header_value,
            "on_header_end": reader.header_end,
            "on_headers_finished": reader.headers_finished,
            "on_part_data": reader.part_data,
        },
    )
    begins = body.startswith(b"--" + boundary)
    if not begins or not body.removesuffix(b"\r\n").endswith(b"--" + boundary + b"--"):
        raise _not_a_form()
    try:
        parser.write(body)
        parser.finalize()
    except MultipartParseError as error:
        raise _not_a_form() from error
    return reader.parts


def _not_a_form() -> Refusal:
    return malformed(
        "The body is not a whole form of plain fields (multipart/form-data), though its header says so."
    )
