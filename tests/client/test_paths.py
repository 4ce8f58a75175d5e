"""Files are written as a whole, and what a killed process leaves behind goes with the next run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from countersign.connection.paths import replace_file, replace_files

#: Writes a file, and is killed after its content was written and before it has its name.
KILLED = """
import os, pathlib, signal, sys
from countersign.connection.paths import replace_file
pathlib.Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
replace_file(pathlib.Path(sys.argv[1]), b"killed")
"""


def left_of(path: Path) -> Path:
    """What a killed process leaves of a file."""
    subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    (left,) = path.parent.glob(".*")
    assert left.read_bytes() == b"killed"
    return left


def test_what_a_killed_process_left_goes_with_the_next_run(tmp_path: Path) -> None:
    path, other = tmp_path / "file.sig", tmp_path / "other.sig"
    left_of(path)
    replace_file(other, b"content")
    assert len(list(tmp_path.glob(".*"))) == 1
    replace_file(path, b"content")
    assert sorted(tmp_path.iterdir()) == [path, other]
    assert path.read_bytes() == b"content"


def test_what_another_process_or_machine_may_still_write_stays(tmp_path: Path) -> None:
    path = tmp_path / "file.sig"
    left = left_of(path)
    start, _, end = left.name.rpartition("-")
    rest = end.partition(".")[2]
    under_way = tmp_path / f"{start}-{os.getpid()}.{rest}"
    elsewhere = tmp_path / left.name.replace(start[-12:], "0123456789ab")
    mine = tmp_path / ".file.sig.part"
    for kept in (under_way, elsewhere, mine):
        kept.write_bytes(b"kept")
    replace_file(path, b"content")
    assert sorted(tmp_path.iterdir()) == sorted([under_way, elsewhere, mine, path])


def test_long_names_have_temporary_files_too(tmp_path: Path) -> None:
    path = tmp_path / ("\N{CJK UNIFIED IDEOGRAPH-4E00}" * 84)
    replace_files({path: b"content"})
    assert [*tmp_path.iterdir()] == [path]
