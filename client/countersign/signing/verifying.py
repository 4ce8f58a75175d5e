"""Verifying signatures of files, with nothing but a public key."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from countersign.errors import UsageError
from countersign.signing.forms import SignatureForm, form_named
from countersign.signing.hashing import hash_files
from countersign.signing.names import DigestName, FormName
from countersign.signing.results import MANIFEST_FORMAT
from countersign.signing.trusted_keys import TrustedKey


@dataclass(frozen=True, slots=True)
class VerifiedFile:
    """A file, and what is wrong with its signature; nothing if it is valid."""

    path: Path
    fault: str | None = None
    #: Whether a signature was found at all.
    has_signature: bool = True


#: For each file the content of its signature's file, or a text that says why there is none.
Signatures = dict[Path, bytes | str]


def verify_files(form: SignatureForm, signatures: Signatures) -> Iterator[VerifiedFile]:
    """Yield each file with what is wrong with its signature.

    Args:
        form: The form of the signatures, with their key.
        signatures: What there is for each file.

    Raises:
        UsageError: A file cannot be read.
    """
    for file in hash_files(signatures, form.file_digest_name):
        content = signatures[file.path]
        if isinstance(content, str):
            yield VerifiedFile(file.path, content, has_signature=False)
        elif not form.is_valid(file, content):
            yield VerifiedFile(file.path, "the signature is not that of this key over this file")
        else:
            yield VerifiedFile(file.path)


def read_signatures(paths: dict[Path, Path]) -> Signatures:
    """Return the content of the signature's file of each file, as far as there are such files."""
    return {
        file: path.read_bytes() if path.is_file() else f"there is no signature in {path}"
        for file, path in paths.items()
    }


def read_manifest(
    path: Path, key: TrustedKey, files: Iterable[Path], namespace: str
) -> tuple[SignatureForm, Signatures]:
    """Return the form and the signatures that a manifest has.

    Args:
        path: The manifest.
        key: The public key or OpenPGP certificate, which no manifest is believed about.
        files: Those to look for; all that the manifest lists if there are none.
        namespace: What signatures for OpenSSH have to be for, whatever the manifest says.

    Raises:
        UsageError: It is no manifest, or has signatures for another namespace.
    """
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if manifest["format"] != MANIFEST_FORMAT:
            raise UsageError(f"{path} is a manifest of another format: {manifest['format']}.")
        form_name, _, stated = str(manifest["form"]).partition(":")
        if stated and stated != namespace:
            raise UsageError(
                f"{path} has signatures for the namespace {stated!r}, not for {namespace!r}."
                " Say by --namespace what they are to be for."
            )
        form = form_named(
            FormName(form_name),
            key,
            DigestName(manifest["digestAlgorithm"]),
            namespace=namespace,
        )
        listed = {
            Path(entry["name"]): b64decode(entry["signature"], validate=True)
            for entry in manifest["files"]
        }
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is no manifest of `countersign sign`.") from error
    return form, {
        file: listed.get(file, f"there is no signature in {path}") for file in files or listed
    }
