"""What `countersign verify` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from countersign.cli.output import plural
from countersign.connection.connect import connect
from countersign.errors import ClientError, NoSignatureError, UsageError
from countersign.releases.lookups import keypair_named, trusted_text
from countersign.signing.forms import SignatureForm, form_named
from countersign.signing.names import DigestName, FormName
from countersign.signing.results import signature_paths
from countersign.signing.trusted_keys import TrustedKey, load_trusted_key, read_trusted_key
from countersign.signing.verifying import (
    Signatures,
    VerifiedFile,
    read_manifest,
    read_signatures,
    verify_files,
)
from countersign.terminal import note, print_line


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOptions:
    """What the caller asks for; the help of `countersign verify` says what each of it means."""

    files: Sequence[Path]
    public_key: Path | None
    key: str | None
    signature: Path | None
    out: Path | None
    manifest: Path | None
    form: FormName
    digest: DigestName | None
    namespace: str


def run(options: VerifyOptions) -> None:
    """Verify the signatures, and say what is wrong with each.

    Raises:
        ClientError: Not every file has a valid signature.
    """
    form, signatures = _signatures(options, _key(options))
    if not signatures:
        raise UsageError("Name the files to verify, or a manifest.")
    faulty = []
    for file in verify_files(form, signatures):
        print_line(f"{file.path}: {file.fault or 'valid'}")
        if file.fault is not None:
            faulty.append(file)
    if faulty:
        raise _failure(faulty, len(signatures))
    note(plural(len(signatures), "1 signature is valid.", "{} signatures are valid."))


def _failure(faulty: Sequence[VerifiedFile], count: int) -> ClientError:
    """Return what a run with faulty files fails with: a signature that is not valid weighs more."""
    if any(file.has_signature for file in faulty):
        message = f"Not valid: {len(faulty)} of {count}. The lines above say why."
        return ClientError("SIGNATURE_INVALID", message)
    message = f"{faulty[0].path}: {faulty[0].fault}."
    if len(faulty) > 1:
        message = f"{len(faulty)} of {count} files have no signature. The lines above name them."
    return NoSignatureError(f"{message} Name it by --signature, --out, --manifest or --format.")


def _key(options: VerifyOptions) -> TrustedKey:
    if options.public_key is not None and options.key is None:
        return read_trusted_key(options.public_key)
    if options.key is None or options.public_key is not None:
        raise UsageError("Give either --public-key FILE or --key ALIAS.")
    with connect() as connection:
        keypair = keypair_named(connection, options.key)
    return load_trusted_key(trusted_text(keypair).encode())


def _signatures(options: VerifyOptions, key: TrustedKey) -> tuple[SignatureForm, Signatures]:
    if options.manifest is not None:
        return read_manifest(options.manifest, key, options.files, options.namespace)
    form = form_named(options.form, key, options.digest, namespace=options.namespace)
    if options.signature is None:
        return form, read_signatures(signature_paths(options.files, form.suffix, options.out))
    if len(options.files) != 1:
        raise UsageError("--signature is the signature of one file: name exactly that.")
    return form, read_signatures({options.files[0]: options.signature})
