"""Programs that are not ours, as judges of signatures: each answers whether it accepts one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.openpgp.packets import unarmor
from tests.support import node
from tests.support.gnupg import gnupg

AUTHOR = "Falcon <falcon@example.com> 1780000000 +0000"


def run(*command: str, folder: Path, given: bytes = b"", **environment: str) -> bool:
    """Whether a program ends well; the test is skipped where it is not installed."""
    return output(*command, folder=folder, given=given, **environment).returncode == 0


def output(
    *command: str, folder: Path, given: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """What a program made of its input."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    variables = {**os.environ, "LC_ALL": "C", "HOME": str(folder), **environment}
    return subprocess.run(
        command, cwd=folder, input=given, env=variables, capture_output=True, check=False
    )


# --- OpenPGP: certificate, detached signature, content ---------------------------------------


def gpg(folder: Path, certificate: str, signature: str, content: bytes) -> bool:
    with gnupg() as program:
        return program.accepts(certificate, signature, content)


def gpgv(folder: Path, certificate: str, signature: str, content: bytes) -> bool:
    (folder / "keyring.gpg").write_bytes(unarmor(certificate))
    (folder / "signature").write_text(signature)
    (folder / "content").write_bytes(content)
    return run("gpgv", "--keyring", "./keyring.gpg", "signature", "content", folder=folder)


def sqv(folder: Path, certificate: str, signature: str, content: bytes) -> bool:
    (folder / "certificate").write_text(certificate)
    (folder / "signature").write_text(signature)
    (folder / "content").write_bytes(content)
    return run("sqv", "--keyring", "certificate", "signature", "content", folder=folder)


def openpgp_js(folder: Path, certificate: str, signature: str, content: bytes) -> bool:
    files = [folder / name for name in ("certificate", "signature", "content")]
    for file, data in zip(files, (certificate, signature, content), strict=True):
        file.write_bytes(data.encode() if isinstance(data, str) else data)
    return node.run_node("verify-openpgp.mjs", *map(str, files)) == "true"


# --- git: a commit with its signature --------------------------------------------------------


def new_commit(folder: Path) -> bytes:
    """A repository with one tree; answers a commit that is to be signed."""
    folder.mkdir(exist_ok=True)
    assert run("git", "init", "--quiet", folder=folder)
    tree = output("git", "mktree", folder=folder).stdout.decode().strip()
    return f"tree {tree}\nauthor {AUTHOR}\ncommitter {AUTHOR}\n\nRelease\n".encode()


def new_tag(folder: Path) -> bytes:
    """A repository with one tree; answers a tag of it that is to be signed."""
    folder.mkdir(exist_ok=True)
    assert run("git", "init", "--quiet", folder=folder)
    tree = output("git", "mktree", folder=folder).stdout.decode().strip()
    return f"object {tree}\ntype tree\ntag v1\ntagger {AUTHOR}\n\nRelease\n".encode()


def git_verifies(
    folder: Path, content: bytes, signature: str, *options: str, **environment: str
) -> bool:
    """Whether `git verify-commit` or `git verify-tag` accepts the signed object."""
    is_tag = content.startswith(b"object ")
    kind = "tag" if is_tag else "commit"
    signed = content + signature.encode() if is_tag else _with_header(content, signature)
    write = ("git", "hash-object", "-t", kind, "-w", "--stdin")
    id_ = output(*write, folder=folder, given=signed).stdout.decode().strip()
    return run("git", *options, f"verify-{kind}", id_, folder=folder, **environment)


def _with_header(commit: bytes, signature: str) -> bytes:
    head, _, message = commit.partition(b"\n\n")
    indented = "\n ".join(signature.rstrip("\n").split("\n"))
    return head + b"\ngpgsig " + indented.encode() + b"\n\n" + message


def git_openpgp(folder: Path, certificate: str, signature: str, content: bytes) -> bool:
    with gnupg() as program:
        assert program.run("--import", given=certificate.encode()).returncode == 0
        return git_verifies(folder, content, signature, GNUPGHOME=str(program.home))


# --- packages --------------------------------------------------------------------------------

SPEC = """Name: falcon
Version: 1.0
Release: 1
Summary: A package without files
License: MIT
BuildArch: noarch
%description
None.
%files
"""
#: Keeps what is to be signed, and hands over the signature once there is one.
SIGN_COMMAND = '#!/bin/sh\ncat "$1" > "$2/plaintext"\ncp "$2/signature" "$3"\n'


def rpm_imports(folder: Path, certificate: str) -> bool:
    """Whether rpm imports a certificate into a database of its own."""
    (folder / "certificate").write_text(certificate)
    database = ("--dbpath", str(folder / "database"))
    return run("rpmkeys", *database, "--import", "certificate", folder=folder)


class RpmPackage:
    """A package that is built, signed and checked by rpm's own programs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "falcon.spec").write_text(SPEC)
        topdir = ("--define", f"_topdir {folder}", "--define", f"_rpmdir {folder}")
        assert run("rpmbuild", "-bb", *topdir, "falcon.spec", folder=folder)
        (self.package,) = folder.glob("noarch/*.rpm")
        helper = folder / "sign"
        helper.write_text(SIGN_COMMAND)
        helper.chmod(0o755)

    def _sign(self) -> bool:
        helper = self.folder / "sign"
        files = "%{__plaintext_filename} " + str(self.folder) + " %{__signature_filename}"
        defines = ("_gpg_name falcon", f"__gpg_sign_cmd {helper} sign {files}")
        options = [part for define in defines for part in ("--define", define)]
        return run("rpmsign", *options, "--addsign", str(self.package), folder=self.folder)

    def accepted(self, certificate: str, sign: Callable[[bytes], str]) -> bool:
        """Whether rpm imports the certificate and finds the package's signature in order."""
        if not rpm_imports(self.folder, certificate):
            return False
        self._sign()
        plaintext = (self.folder / "plaintext").read_bytes()
        (self.folder / "signature").write_bytes(unarmor(sign(plaintext)))
        assert self._sign()
        database = ("--dbpath", str(self.folder / "database"))
        checked = output("rpm", *database, "-K", str(self.package), folder=self.folder)
        return checked.returncode == 0 and b"signatures OK" in checked.stdout


def apt_accepts(folder: Path, certificate: str, release_files: dict[str, str]) -> bool:
    """Whether apt updates from a repository of `signed-by` this certificate."""
    repository, state = folder / "repository", folder / "apt"
    for path in (repository, state / "lists/partial", state / "cache/archives/partial"):
        path.mkdir(parents=True, exist_ok=True)
    for name, text in release_files.items():
        (repository / name).write_text(text)
    (folder / "falcon.asc").write_text(certificate)
    source = state / "sources.list"
    source.write_text(f"deb [signed-by={folder}/falcon.asc] file:{repository} ./\n")
    options = {
        "Dir::Etc::SourceList": source,
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State::Lists": state / "lists",
        "Dir::Cache": state / "cache",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "APT::Update::Error-Mode": "any",
    }
    arguments = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
    return run("apt-get", *arguments, "update", folder=folder)


def release_file() -> str:
    """The index of an empty repository."""
    import hashlib

    empty = hashlib.sha256(b"").hexdigest()
    date = "Sun, 29 Nov 2026 00:00:00 UTC"
    return f"Origin: Falcon\nSuite: stable\nDate: {date}\nSHA256:\n {empty} 0 Packages\n"
