"""What a run leaves behind: a signature beside each file, and a manifest of all of them."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from countersign.connection.paths import replace_file, replace_files
from countersign.errors import UsageError
from countersign.signing.batches import MadeSignature
from countersign.signing.hashing import HashedFile

MANIFEST_FORMAT = "countersign-manifest-1"


@dataclass(frozen=True, slots=True)
class SignedFile:
    """A file whose signature was verified and written."""

    file: HashedFile
    signature: MadeSignature
    signature_path: Path
    content: bytes


def signature_paths(files: Sequence[Path], suffix: str, folder: Path | None) -> dict[Path, Path]:
    """Return where each file's signature goes: beside the file, or all into one folder.

    Raises:
        UsageError: Two signatures would have one name, or a signature that of a file.
    """
    paths = {
        file: (folder / file.name if folder is not None else file).with_name(file.name + suffix)
        for file in files
    }
    by_path: dict[Path, Path] = {}
    for file, path in paths.items():
        other = by_path.setdefault(path.absolute(), file)
        if other != file:
            raise UsageError(f"The signatures of {other} and {file} would both be {path}.")
    overwritten = by_path.keys() & {file.absolute() for file in files}
    if overwritten:
        path = min(overwritten)
        raise UsageError(
            f"{path} is named as a file, and is where the signature of {by_path[path]} belongs."
            " Leave it out, or give --out FOLDER for the signatures."
        )
    return paths


def write_signatures(signed: Iterable[SignedFile]) -> None:
    """Write the signature of each file, as a whole or not at all."""
    replace_files({file.signature_path: file.content for file in signed})


def write_manifest(path: Path, about: dict[str, Any], signed: Iterable[SignedFile]) -> None:
    """Write the manifest as a whole or not at all.

    Args:
        path: The file.
        about: What all signatures have in common.
        signed: The files.
    """
    manifest = {"format": MANIFEST_FORMAT, **about, "files": [_entry(file) for file in signed]}
    replace_file(path, (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode())


def _entry(signed: SignedFile) -> dict[str, Any]:
    release = signed.signature.release
    return {
        "name": signed.file.name,
        "size": signed.file.size_bytes,
        "digest": signed.file.digest.hex(),
        "signature": b64encode(signed.content).decode(),
        "signatureFile": signed.signature_path.as_posix(),
        "signatureId": signed.signature.id,
        "signedAt": signed.signature.created_at,
        "release": release.name if release is not None else None,
    }
