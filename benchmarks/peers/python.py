"""The peers' own environment, made from `requirements.lock` when it is first needed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
LOCK = FOLDER / "requirements.lock"
ENVIRONMENT = FOLDER / ".venv"
#: It keeps a copy of what it was made from, and is up to date while the two are the same.
MADE_FROM = ENVIRONMENT / "made-from.lock"


def run(script: str, *words: str) -> str:
    """What a peer's script printed."""
    command = [_python(), str(FOLDER / script), *words]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def _python() -> str:
    python = str(ENVIRONMENT / "bin/python")
    if not MADE_FROM.exists() or MADE_FROM.read_bytes() != LOCK.read_bytes():
        print(f"Setting up {ENVIRONMENT.relative_to(Path.cwd())}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True)
        pip = "-m pip install --quiet --disable-pip-version-check --no-input --require-hashes"
        words = [*pip.split(), "--only-binary", ":all:", "--requirement", str(LOCK)]
        subprocess.run([python, *words], check=True)
        shutil.copy(LOCK, MADE_FROM)
    return python
