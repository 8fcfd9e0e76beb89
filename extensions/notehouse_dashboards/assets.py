"""The files that pages load: Voilà's front end, the widgets' and our own. Public software, nothing of a tenant.

They are read once, kept compressed in memory and served under an address with a build number in it, so that
browsers may keep them for ever. Who asks for one first gets it as gzip; its dense form follows.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import tempfile
from collections.abc import Iterable, Iterator
from functools import cached_property
from importlib.metadata import version
from pathlib import Path, PurePosixPath

from jupyter_core.paths import jupyter_path
from jupyterhub._data import DATA_FILES_PATH

from notehouse_dashboards import bundles
from notehouse_dashboards.content import BROTLI, GZIP, PLAIN, Content
from notehouse_dashboards.dense_files import DenseFiles
from notehouse_dashboards.front_end import MANAGER, PARTS, WIDGETS

OWN = Path(__file__).parent / "static"
VEGA = "vega/vega.js"
# Of buttons and players, whose names for them are Font Awesome's; JupyterHub brings it for its own pages.
ICONS = ("icons/css/fontawesome.min.css", "icons/css/solid.min.css")
ICONS_FOLDER = Path(DATA_FILES_PATH) / "static/components/@fortawesome/fontawesome-free"
FOR_EVER = "public, max-age=31536000, immutable"
SMALL = 1024  # bytes below which compressing gains nothing
COMPRESSED_ALREADY = (".woff", ".woff2", ".png", ".jpg", ".gif")
FEDERATED = (WIDGETS, MANAGER, "anywidget")


class Vega:
    """Vega, Vega-Lite and what embeds them, as one module that the converter of charts brings; made once a version."""

    def __init__(self, kept: Path | None) -> None:
        self._folder = kept or Path(tempfile.gettempdir())

    def file(self) -> Path:
        """Return the module, made when it is not there yet: two seconds of work."""
        file = self._folder / f"vega-{version('vl-convert-python')}.js"
        if not file.exists():
            import vl_convert

            with tempfile.NamedTemporaryFile("w", dir=self._folder, suffix=".js", delete=False) as made:
                made.write(vl_convert.javascript_bundle())  # type: ignore[call-arg]
            Path(made.name).replace(file)
        return file


class Assets:
    """All files by their address below `static/<build>/`."""

    def __init__(self, prefix: str, kept: Path | None = None) -> None:
        self._vega = Vega(kept)
        self._dense = DenseFiles(kept)
        self.prefix = f"{prefix}static/{self.build}/"
        self._folders = dict(folders())
        self._loaded: dict[str, Content] = {}

    @cached_property
    def build(self) -> str:
        """Name what is served: the versions of what was installed and the contents of our own files."""
        digest = hashlib.sha256(f"{version('voila')} {version('vl-convert-python')} {PARTS}".encode())
        for file in (Path(bundles.__file__), *sorted(OWN.rglob("*.*"))):
            digest.update(file.read_bytes())
        return digest.hexdigest()[:12]

    def url(self, path: str) -> str:
        """Return the address of a file."""
        return self.prefix + path

    def is_loaded(self, path: str) -> bool:
        """Say whether a file can be answered without reading it."""
        return path in self._loaded

    def get(self, path: str) -> Content | None:
        """Return a file by its path below `static/<build>/`, or nothing when there is none."""
        if path not in self._loaded:
            body = self._read(path)
            if body is None:
                return None
            self._load(path, body)
        return self._loaded[path]

    def close(self) -> None:
        """Make what is still to be made, and nothing more."""
        self._dense.close()

    def _read(self, path: str) -> bytes | None:
        if made := bundles.bundle(path, self._folders):
            return made
        file = self._vega.file() if path == VEGA else self._find(path)
        return file.read_bytes() if file else None

    def _load(self, path: str, body: bytes) -> None:
        found = self._loaded[path] = as_sent(PurePosixPath(path), body)
        if GZIP in found.bodies:
            self._dense.order(found.name, found.plain, lambda dense: self._learn(path, dense))

    def _learn(self, path: str, dense: bytes) -> None:
        self._loaded[path] = self._loaded[path].having(BROTLI, dense)

    def _find(self, path: str) -> Path | None:
        """Find a file; only below one of the folders, also when a path tries to climb out."""
        for name, folder in self._folders.items():
            if path.startswith(f"{name}/"):
                file = (folder / path[len(name) + 1 :]).resolve()
                return file if file.is_relative_to(folder.resolve()) and file.is_file() else None
        return None


def as_sent(path: PurePosixPath, body: bytes) -> Content:
    """Compress a file where that helps."""
    kind = "text/javascript" if path.suffix == ".js" else mimetypes.guess_type(path.name)[0]
    if kind is not None and (kind.startswith("text/") or kind.endswith("json")):
        kind += "; charset=utf-8"
    worth = len(body) > SMALL and path.suffix not in COMPRESSED_ALREADY
    name = hashlib.sha256(body).hexdigest()[:24]
    found = Content(kind or "application/octet-stream", name, {PLAIN: body})
    return found.having(GZIP, gzip.compress(body, 6, mtime=0)) if worth else found


def folders() -> Iterator[tuple[str, Path]]:
    """Yield the folders that are served and the names they are served under."""
    yield "own", OWN
    yield "voila", installed(jupyter_path("voila", "templates", "base", "static"))
    if ICONS_FOLDER.is_dir():
        yield "icons", ICONS_FOLDER
    yield "lab", installed(jupyter_path("nbconvert", "templates", "lab", "static"))
    for name in FEDERATED:
        if folder := extension_folder(name):
            yield f"extensions/{name}", folder


def extension_folder(name: str) -> Path | None:
    """Return where a front end extension is installed, or nothing."""
    places = jupyter_path("labextensions", name) + jupyter_path("voila", "labextensions", name)
    return next((place for place in map(Path, places) if place.is_dir()), None)


def installed(places: Iterable[str]) -> Path:
    """Return the first folder that exists; raises FileNotFoundError that says what is not installed."""
    tried = list(places)
    for place in map(Path, tried):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"Voilà's files are not installed; looked in {', '.join(tried)}.")
