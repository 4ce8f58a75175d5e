"""Files of the client: where they are, and writing them without ever leaving a part of one."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile

FOLDER_NAME = "countersign"
#: How much of a file's name is in that of its temporary file, which has at most 255 bytes.
_SHOWN_CHARACTERS = 40
_TEMPORARY = re.compile(r"\.(?P<name>.+)\.(?P<processes>\w+)-(?P<process>\d+)\.\w+\.part")


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
    remove_left_behind([path])
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


def remove_left_behind(paths: Iterable[Path]) -> None:
    """Remove what is left of writing these files by processes that were killed.

    A temporary file is removed only if its name says that a process of this boot of this machine,
    or of this container, wrote it, and there is no process of that number any more.
    """
    names_by_folder: dict[Path, set[str]] = {}
    for path in paths:
        names_by_folder.setdefault(path.parent, set()).add(path.name[:_SHOWN_CHARACTERS])
    for folder, names in names_by_folder.items():
        for left in folder.glob(".*.part"):
            match = _TEMPORARY.fullmatch(left.name)
            if match and match["name"] in names and _is_gone(match["processes"], match["process"]):
                left.unlink(missing_ok=True)


def _is_gone(processes: str, process: str) -> bool:
    if processes != _processes():
        return False  # of another machine, perhaps, on which it may be under way
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


@cache
def _processes() -> str | None:
    """Name the processes among which a number means one; None where the system does not say."""
    try:
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        namespace = Path("/proc/self/ns/pid").readlink()
    except OSError:
        return None
    return hashlib.sha256(f"{boot_id} {namespace}".encode()).hexdigest()[:12]


def _write_temporary(path: Path, content: bytes, mode: int) -> Path:
    prefix = f".{path.name[:_SHOWN_CHARACTERS]}.{_processes()}-{os.getpid()}."
    with NamedTemporaryFile(dir=path.parent, prefix=prefix, suffix=".part", delete=False) as file:
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
