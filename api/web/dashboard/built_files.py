"""The files that the build of the dashboard wrote, as they are served."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

#: Where the build writes them; a checkout that was not built has no such folder.
STATIC = Path(__file__).parent / "static"
#: The encodings that files are compressed with, the best first, and the ends of their names.
_ENCODINGS = {"br": ".br", "gzip": ".gz"}
#: What stands in the page for the nonce of a response.
_NONCE = "__NONCE__"
_BASE = '<base href="/" />'


@dataclass(frozen=True, slots=True)
class Asset:
    """A file whose name changes with its content.

    Attributes:
        media_type: Of the content.
        paths: By the encoding of the content; "" is the file as it is.
    """

    media_type: str
    paths: Mapping[str, Path]

    def best(self, accepted: str) -> tuple[str, Path]:
        """Return the encoding and the file for what a client accepts."""
        names = {part.partition(";")[0].strip() for part in accepted.split(",")}
        encoding = next((name for name in self.paths if name in names), "")
        return encoding, self.paths[encoding]


@dataclass(frozen=True, slots=True)
class BuiltDashboard:
    """The page, and its assets by name."""

    page: str
    assets: Mapping[str, Asset]

    def page_for(self, root: str, nonce: str) -> str:
        """Return the page below a path, with a nonce that its content policy names, too."""
        base = f'<base href="{escape(root)}/" />'
        return self.page.replace(_BASE, base).replace(_NONCE, nonce)


def read_dashboard(folder: Path = STATIC) -> BuiltDashboard | None:
    """Return what was built; None if nothing was."""
    page = folder / "index.html"
    if not page.is_file():
        return None
    files = {path.name: path for path in (folder / "assets").iterdir()}
    originals = [name for name in files if not name.endswith(tuple(_ENCODINGS.values()))]
    return BuiltDashboard(
        page.read_text("utf-8"), {name: _asset(name, files) for name in originals}
    )


def _asset(name: str, files: Mapping[str, Path]) -> Asset:
    encoded = {
        encoding: files[f"{name}{end}"]
        for encoding, end in _ENCODINGS.items()
        if f"{name}{end}" in files
    }
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Asset(media_type, {**encoded, "": files[name]})
