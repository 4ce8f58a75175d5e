"""What the client costs: to start, and in memory while it hashes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

#: What `--version` and the help of a verb need none of.
HEAVY = {"asyncio", "cryptography", "httpx2", "pydantic", "sqlalchemy", "strawberry"}
OF_THE_SERVER = {"api", "engine", "notifications"}

CPU_SECONDS = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(usage.ru_utime + usage.ru_stime)
"""
PEAK_KIB = """
import resource, sys
from pathlib import Path
from countersign.signing.hashing import hash_files
count = sum(len(file.digest) for file in hash_files(map(Path, sys.argv[1:]), "sha256")) // 32
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def imported(*words: str) -> set[str]:
    """The modules that a command line imports."""
    command = [sys.executable, "-X", "importtime", "-m", "countersign", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(re.findall(r"\| +([\w.]+)$", done.stderr, re.MULTILINE))


@pytest.mark.parametrize(
    "words",
    [
        ("--version",),
        ("sign", "--help"),
        ("release", "--help"),
        ("key", "--help"),
        ("key", "list", "--help"),
        ("agent", "exec", "--help"),
        ("client", "--help"),
    ],
)
def test_little_is_imported_to_start(words: tuple[str, ...]) -> None:
    modules = imported(*words)
    assert "countersign.main" in modules
    assert modules & (HEAVY | OF_THE_SERVER) == set()


def cpu_seconds(*words: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", CPU_SECONDS, sys.executable, *words],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


@pytest.mark.long
def test_the_time_to_start_is_shown() -> None:
    bare = min(cpu_seconds("-c", "import typer.core, typer.main") for _ in range(3))
    for words in (("--version",), ("sign", "--help")):
        own = min(cpu_seconds("-m", "countersign", *words) for _ in range(3))
        shown = f"{' '.join(words)}: {own:.3f} s of CPU, {own / bare:.1f} times `import typer`"
        print(shown)  # noqa: T201 - a figure to read, which fails on no machine


@pytest.mark.long
@pytest.mark.timeout(180)
def test_memory_does_not_grow_with_the_size_of_files(tmp_path: Path) -> None:
    def peak_mib(*sizes: int) -> float:
        files = []
        for index, size in enumerate(sizes):
            file = tmp_path / f"{len(sizes)}-{index}.bin"
            with file.open("wb") as stream:
                stream.truncate(size)
            files.append(str(file))
        done = subprocess.run(
            [sys.executable, "-c", PEAK_KIB, *files], capture_output=True, text=True, check=True
        )
        count, peak_kib = done.stdout.split()
        assert int(count) == len(sizes)
        return int(peak_kib) / 1024

    small = peak_mib(*[1] * 8)
    large = peak_mib(*[256 * 2**20] * 8)
    assert large - small < 32
