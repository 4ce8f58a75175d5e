"""Files of the client: where they are, and writing them without ever leaving a part of one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile

FOLDER_NAME = "countersign"


def config_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder of the settings: `$XDG_CONFIG_HOME/countersign`."""
    return _base(environ, "XDG_CONFIG_HOME", ".config") / FOLDER_NAME


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder of what can be fetched again: `$XDG_CACHE_HOME/countersign`."""
    return _base(environ, "XDG_CACHE_HOME", ".cache") / FOLDER_NAME


def _base(environ: Mapping[str, str], variable: str, default: str) -> Path:
    # The specification of these variables has relative paths ignored.
    named = Path(environ.get(variable, ""))
    return named if named.is_absolute() else Path.home() / default


def write_private(path: Path, text: str) -> None:
    """Replace a file that only its owner may read, as a whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(path, text.encode(), mode=0o600)


def replace_file(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Write a file so that after any crash it has its old content or its new one.

    Args:
        path: The file, in a folder that exists.
        content: All of it.
        mode: Its permissions; those of any new file if left out.
    """
    replace_files({path: content}, mode=mode)


def replace_files(contents: Mapping[Path, bytes], *, mode: int | None = None) -> None:
    """Write files as `replace_file` does; when this returns, they outlive a power cut."""
    mode = _new_file_mode() if mode is None else mode
    temporary: dict[Path, Path] = {}
    try:
        for path, content in contents.items():
            temporary[path] = _write_temporary(path, content, mode)
        for path in contents:
            temporary[path].replace(path)
            del temporary[path]
    finally:
        for left in temporary.values():
            left.unlink(missing_ok=True)
    for folder in {path.parent for path in contents}:
        sync_folder(folder)


def _write_temporary(path: Path, content: bytes, mode: int) -> Path:
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name[:100]}.", delete=False) as file:
        written = Path(file.name)
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            written.chmod(mode)
        except BaseException:
            written.unlink(missing_ok=True)
            raise
    return written


def sync_folder(folder: Path) -> None:
    """Make the names in a folder outlive a power cut, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _new_file_mode() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
