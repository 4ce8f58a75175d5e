"""Hooks of MkDocs: the built site names no address outside of the project.

The theme's files carry addresses that this site never asks for (a diagram library, forges' counts
of stars, licences' home pages). They are taken out of the built files, with the source maps and
the search languages that are not used, so that a reader, or a proxy, can see that there is none.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

#: Names of XML vocabularies, which nobody fetches, and names that are reserved for examples.
HARMLESS = re.compile(
    r"https?://(www\.w3\.org/|www\.sitemaps\.org/schemas/|localhost\b|127\.0\.0\.1\b"
    r"|([\w-]+\.)*example\.com(?![\w-]|\.\w))"
)
ADDRESS = re.compile(r"https?://[\w$][^\s\"'`<>)\\]*")
#: Only what the theme brings is changed; what the pages say is for the test to judge.
THEME_FOLDER = "assets"


def on_post_build(config: Any, **_: object) -> None:
    """Take foreign addresses out of the theme's files."""
    clean(Path(config["site_dir"]) / THEME_FOLDER)


def clean(folder: Path) -> None:
    """Take foreign addresses out of every script and style sheet of a folder."""
    for source_map in folder.rglob("*.map"):
        source_map.unlink()
    shutil.rmtree(folder / "javascripts" / "lunr", ignore_errors=True)
    for path in (*folder.rglob("*.js"), *folder.rglob("*.css")):
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"\n//# sourceMappingURL=\S+|/\*# sourceMappingURL=\S+ \*/", "", text)
        path.write_text(ADDRESS.sub(_removed, text), encoding="utf-8")


def foreign_addresses(text: str) -> list[str]:
    """Addresses in a text that are outside of the project, in their order."""
    return [found[0] for found in ADDRESS.finditer(text) if not HARMLESS.match(found[0])]


def _removed(found: re.Match[str]) -> str:
    return found[0] if HARMLESS.match(found[0]) else "about:blank"
