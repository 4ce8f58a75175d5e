"""Carries out the Dockerfile without a container engine: its steps, below a folder for a root."""

from __future__ import annotations

import json
import os
import pwd
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: What the steps name of the image's file system, apart from what the system itself has.
PLACES = (
    "/source",
    "/build",
    "/dist",
    "/opt/countersign",
    "/tmp/dist",
    "/tmp/requirements.lock",
    "/data",
    "/database-access",
)
_PLACE = re.compile(rf"(?<![\w.])(?:{'|'.join(map(re.escape, PLACES))})(?![\w-])")
#: What makes a user of the system: it is not done to the machine of the tests.
OF_THE_SYSTEM = ("useradd ", "chown ")
NOBODY = pwd.getpwnam("nobody") if os.geteuid() == 0 else None


@dataclass(frozen=True)
class Stage:
    """The instructions from one FROM to the next."""

    base: str
    name: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def values(self, instruction: str) -> list[str]:
        return [value for name, value in self.instructions if name == instruction]

    def words(self, instruction: str) -> list[str]:
        """The last one of this kind, which is written as a JSON list."""
        words: list[str] = json.loads(self.values(instruction)[-1])
        return words

    def env(self) -> dict[str, str]:
        pairs = (word for value in self.values("ENV") for word in shlex.split(value))
        return dict(pair.split("=", 1) for pair in pairs)


def stages(text: str) -> list[Stage]:
    """A Dockerfile, as far as ours goes."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    found: list[Stage] = []
    for line in filter(None, map(str.strip, joined.splitlines())):
        instruction, _, value = line.partition(" ")
        if instruction == "FROM":
            base, _, name = value.partition(" AS ")
            found.append(Stage(base, name))
        elif instruction != "ARG":
            found[-1].instructions.append((instruction, value.strip()))
    return found


def relocate(text: str, root: Path) -> str:
    """The same, with every place below a folder."""
    return _PLACE.sub(lambda match: f"{root}{match[0]}", text)


def context(ignored: str) -> list[str]:
    """What of the checkout is sent to the builder: all but everything is ignored."""
    lines = [line for line in ignored.splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    return [line[1:] for line in lines if line.startswith("!")]


def plain_python() -> str:
    """A Python that an unprivileged user can run, and that has what the official image has."""
    names = ("/usr/bin/python3.11", "/usr/bin/python3", str(Path(sys._base_executable).resolve()))
    for name in names:
        check = "import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))"
        try:
            done = as_nobody([name, "-c", check], env={}, cwd=Path("/"))
        except OSError:
            continue
        if done.returncode == 0:
            return name
    pytest.skip("a Python 3.11 with venv that every user can run is needed")


def as_nobody(
    words: list[str], *, env: dict[str, str], cwd: Path
) -> subprocess.CompletedProcess[str]:
    """Run it as a user that owns nothing; as whoever runs the tests, if that is not root."""
    return subprocess.run(
        words, env=env, cwd=cwd, capture_output=True, text=True, check=False, timeout=120, **user()
    )


def user() -> dict[str, object]:
    """The arguments that have a subprocess run as the user that owns nothing."""
    if NOBODY is None:
        return {}
    return {"user": NOBODY.pw_uid, "group": NOBODY.pw_gid, "extra_groups": []}


@dataclass(frozen=True)
class Image:
    """What the Dockerfile made."""

    root: Path
    stage: Stage

    def env(self, **more: str) -> dict[str, str]:
        """What a process in the container sees: no home directory that could be written to."""
        relocated = {name: relocate(value, self.root) for name, value in self.stage.env().items()}
        relocated["PATH"] = relocated["PATH"].replace("$PATH", "/usr/bin:/bin")
        return relocated | {"HOME": "/nonexistent"} | more

    @property
    def folder(self) -> Path:
        """Where processes begin, and what alone they may write to."""
        return Path(relocate(self.stage.values("WORKDIR")[-1], self.root))

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """One command, as the image's user would run it."""
        return as_nobody(list(words), env=self.env(**more), cwd=self.folder)

    def countersign(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """The same by the entry point."""
        return self.run(*self.stage.words("ENTRYPOINT"), *words, **more)

    def popen(self, *words: str, **more: str) -> subprocess.Popen[bytes]:
        """A command that goes on."""
        entry = self.stage.words("ENTRYPOINT")
        return subprocess.Popen([*entry, *words], env=self.env(**more), cwd=self.folder, **user())


def build(folder: Path) -> Image:
    """Both stages, one after the other."""
    python = folder / "bin"
    python.mkdir()
    (python / "python").symlink_to(plain_python())
    for place in PLACES:
        (folder / place.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
    first, last = stages((ROOT / "Dockerfile").read_text("utf-8"))
    for stage in (first, last):
        _carry_out(stage, folder, python)
    for place in ("data", "database-access"):
        target = folder / place
        if NOBODY is not None:
            os.chown(target, NOBODY.pw_uid, NOBODY.pw_gid)
    return Image(folder, last)


def _carry_out(stage: Stage, root: Path, python: Path) -> None:
    folder = root
    for instruction, value in stage.instructions:
        if instruction == "WORKDIR":
            folder = Path(relocate(value, root))
            folder.mkdir(parents=True, exist_ok=True)
        elif instruction == "COPY":
            _copy(value, root, folder)
        elif instruction == "RUN":
            _run(relocate(value, root), folder, python)


def _copy(value: str, root: Path, folder: Path) -> None:
    *flags, source, target = value.split()
    place = folder / relocate(target, root)
    if flags:
        assert flags == ["--from=build"]
        shutil.copytree(relocate(source, root), place, dirs_exist_ok=True)
        return
    names = context((ROOT / ".dockerignore").read_text("utf-8"))
    if source == ".":
        for name in names:
            _copy_one(ROOT / name, place / name)
    else:
        assert source in names
        _copy_one(ROOT / source, place / source if target.endswith("/") else place)


def _copy_one(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(
            source, target, ignore=shutil.ignore_patterns("__pycache__", "node_modules")
        )
    else:
        shutil.copyfile(source, target)


def _run(command: str, folder: Path, python: Path) -> None:
    ours = [part for part in command.split(" && ") if not part.strip().startswith(OF_THE_SYSTEM)]
    for part in ours:
        env = os.environ | {"PATH": f"{python}:/usr/bin:/bin"}
        done = subprocess.run(
            ["sh", "-ec", part], cwd=folder, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
