"""The path of a request as this application knows it, wherever another one has mounted it."""

from __future__ import annotations

from starlette.types import Scope


def path_below_mount(scope: Scope) -> str:
    """Return the path of a request without the path at which the application is mounted."""
    path, mounted_at = str(scope["path"]), str(scope.get("root_path", ""))
    if path == mounted_at or path.startswith(f"{mounted_at}/"):
        return path[len(mounted_at) :]
    # A server that adds a prefix to links alone does not have it in the path.
    return path
