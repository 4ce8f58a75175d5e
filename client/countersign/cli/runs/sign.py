"""What `countersign sign` does."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509

from countersign.cli.output import plural
from countersign.cli.rows import listed
from countersign.cli.waiting import tell_status, wait_limit
from countersign.connection.connect import connect
from countersign.connection.graphql import Connection
from countersign.connection.paths import remove_left_behind
from countersign.errors import RefusedError, UsageError
from countersign.operations.signing import EXPLAIN_SIGN
from countersign.releases.lookups import (
    keypair_and_server_clock,
    naming_successors,
    release_named,
    trusted_text,
)
from countersign.releases.waiting import require_open, wait_until_open
from countersign.signing.batches import MAX_DIGESTS, Order
from countersign.signing.build_context import build_context
from countersign.signing.forms import form_named
from countersign.signing.names import DigestName, FormName
from countersign.signing.results import signature_paths, write_manifest
from countersign.signing.run import RunResult, sign_files
from countersign.signing.trusted_keys import load_trusted_key
from countersign.terminal import note, print_line

#: Failures that are named one by one.
_SHOWN_FAILURES = 10
#: Files of signatures that are named one by one.
_SHOWN_PATHS = 10
#: By how much the clocks of two machines of one server may differ.
_CLOCK_DIFFERENCE = timedelta(seconds=0.5)
_SIGNED = ("1 file signed and verified.", "{} files signed and verified.")
_MADE_BEFORE = (
    "1 file was signed before: it got the signature that it had.",
    "{} files were signed before: they got the signatures that they had.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOptions:
    """What the caller asks for; the help of `countersign sign` says what each of it means."""

    files: Sequence[Path]
    key: str
    release: str | None
    wait: str | None
    form: FormName
    digest: DigestName | None
    namespace: str
    out: Path | None
    manifest: Path | None
    is_atomic: bool
    is_dry_run: bool
    context: Sequence[str]


def run(options: SignOptions) -> None:
    """Sign the files, and say what became of them.

    Raises:
        ClientError: Not every file has a verified signature.
    """
    context = build_context(os.environ, options.context)
    limit = wait_limit(options.wait)
    _require_files(options)
    with connect() as connection:
        keypair, server_clock = keypair_and_server_clock(connection, options.key)
        with naming_successors([keypair]):
            release = _release_of(connection, keypair, options.release)
            order = _order(options, keypair, release, context)
            targets = signature_paths(options.files, order.form.suffix, options.out)
            if options.is_dry_run:
                _explain(connection, keypair, release, len(targets))
                return
            if release is not None and options.wait is None:
                require_open(release)
            elif release is not None:
                wait_until_open(connection, release, limit, tell_status)
            begun_at = server_clock.now()
            result = _sign(connection, order, targets, options.out)
            _report_signed(result, begun_at - _CLOCK_DIFFERENCE)
            _report_left(result, release)
            _report_failures(result)
    if options.manifest is not None:
        _write_manifest(options.manifest, keypair, order, result)


def _sign(
    connection: Connection, order: Order, targets: Mapping[Path, Path], folder: Path | None
) -> RunResult:
    """Sign the files into a folder, or beside each.

    Raises:
        ClientError: The only file was refused, or a request failed as a whole.
    """
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    remove_left_behind(targets.values())
    with _progress(len(targets)) as advance:
        result = sign_files(connection, order, targets, advance)
    if len(targets) == 1 and result.first_failure is not None:
        raise result.first_failure
    return result


def _write_manifest(path: Path, keypair: dict[str, Any], order: Order, result: RunResult) -> None:
    about = {
        "keypair": keypair["alias"],
        "fingerprint": keypair["publicKey"]["fingerprint"],
        "algorithm": keypair["algorithm"],
        "form": order.form_name,
        "digestAlgorithm": order.form.file_digest_name,
    }
    write_manifest(path, about, result.signed)


def _order(
    options: SignOptions,
    keypair: dict[str, Any],
    release: dict[str, Any] | None,
    context: dict[str, str],
) -> Order:
    key = load_trusted_key(trusted_text(keypair).encode())
    is_named = release is not None and options.release is not None
    has_namespace = options.form is FormName.SSHSIG
    return Order(
        keypair_id=keypair["id"],
        form_name=f"{options.form}:{options.namespace}" if has_namespace else options.form,
        form=form_named(
            options.form,
            key,
            options.digest,
            namespace=options.namespace,
            chain=_chain(keypair) if options.form is FormName.CMS else (),
        ),
        release_id=release["id"] if release is not None and is_named else None,
        context=context,
        is_atomic=options.is_atomic,
    )


def _chain(keypair: dict[str, Any]) -> list[x509.Certificate]:
    """Return the certificates that a signature in CMS carries, the keypair's own first.

    Raises:
        UsageError: There is none, or the keypair's signatures have no place in this form.
    """
    certificate = keypair["defaultCertificate"]
    if certificate is None:
        message = f"{keypair['alias']} has no default certificate, which --format cms needs."
        raise UsageError(f"{message} Ask who manages the keypairs to add one.")
    if keypair["algorithm"].startswith("RSA_PSS"):
        raise UsageError("--format cms needs an RSA keypair with PKCS#1, and this one is for PSS.")
    return x509.load_pem_x509_certificates(certificate["chainPem"].encode())


def _require_files(options: SignOptions) -> None:
    for file in options.files:
        if not file.is_file():
            raise UsageError(f"{file} is no file. Name files, such as `dist/*`.")
    count = len(options.files)
    if options.is_atomic and count > MAX_DIGESTS:
        raise UsageError(f"--atomic takes up to {MAX_DIGESTS} files, and these are {count}.")


def _release_of(
    connection: Connection, keypair: dict[str, Any], name: str | None
) -> dict[str, Any] | None:
    """Return the release to wait for: the one that is named, or what an offline keypair needs."""
    if name is not None:
        return release_named(connection, name)
    held_by = keypair["heldBy"]
    if keypair["type"] != "OFFLINE" or held_by is None:
        return None
    return release_named(connection, held_by["id"])


def _explain(
    connection: Connection, keypair: dict[str, Any], release: dict[str, Any] | None, count: int
) -> None:
    explained = connection.run(EXPLAIN_SIGN, input={"keypairId": keypair["id"]})["explainSign"]
    for factor in explained["factors"]:
        print_line(f"{'yes' if factor['passed'] else 'no '}  {factor['name']}: {factor['detail']}")
    refused = [factor for factor in explained["factors"] if not factor["passed"]]
    if not explained["allowed"]:
        raise RefusedError(refused[0]["code"], refused[0]["detail"])
    left = release["signaturesLeft"] if release is not None else count
    if left < count:
        message = f"The release has {left} signatures left for {count} files."
        raise RefusedError("QUOTA_EXHAUSTED", message)
    note(f"{count} files would be signed now. Nothing was signed.")


def _report_signed(result: RunResult, begun_at: datetime) -> None:
    """Say which signatures were written, and how many of them were made before this run."""
    note(plural(len(result.signed), *_SIGNED))
    if earlier := result.count_before(begun_at):
        note(plural(earlier, *_MADE_BEFORE))
    if result.signed:
        paths = [str(file.signature_path) for file in result.signed]
        note(f"Written: {listed(paths[:_SHOWN_PATHS], len(paths))}.")


def _report_left(result: RunResult, release: dict[str, Any] | None) -> None:
    """Say how many signatures a release has left, if it counts some of these."""
    left = result.signatures_left(release["id"]) if release is not None else None
    if release is not None and left is not None:
        shown = plural(left, "1 signature", "{} signatures")
        note(f"The release {release['name']!r} has {shown} left.")


def _report_failures(result: RunResult) -> None:
    """Say why files have no signature.

    Raises:
        ClientError: Some have no verified signature.
    """
    for name, failure in list(result.failures.items())[:_SHOWN_FAILURES]:
        note(f"{name}: {failure}")
    unnamed = len(result.failures) - _SHOWN_FAILURES
    if unnamed > 0:
        note(f"... and {unnamed} more files.")
    if result.first_failure is None:
        return
    if result.untried:
        note(f"{result.untried} files were not tried.")
    raise result.first_failure


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """Show how many files are signed, if a person looks on."""
    if not sys.stderr.isatty():
        yield lambda _count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("Signing"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda count: progress.advance(task, count)
