"""`python -m docs.tooling.dashboard_images [FOLDER]`: takes the pictures of the dashboard.

They are of a demo, in Chromium. Into another folder than that of the documents it takes every
page: wide, on a phone, and dark.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from api.demo.environment import stage
from tests.support.chromium import CHROMIUM
from tests.support.node import run_node

IMAGES = Path(__file__).parents[1] / "images" / "dashboard"


def main(arguments: list[str]) -> None:
    """Take the pictures; the dashboard has to be built."""
    if CHROMIUM is None:
        raise SystemExit("Install Chromium first: the pictures are taken in it.")
    folder = Path(*arguments).resolve() if arguments else IMAGES
    selection = "documents" if folder == IMAGES else "all"
    with stage() as demo:
        tokens = json.dumps(demo.cast.tokens)
        where = (demo.url, demo.mailbox_url, tokens, str(folder), selection)
        run_node("dashboard-images.mjs", CHROMIUM, *where)


if __name__ == "__main__":
    main(sys.argv[1:])
