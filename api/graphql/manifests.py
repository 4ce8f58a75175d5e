"""The manifest of a release, which names what it has signed: as JSON, or as lines of checksums.

The JSON names the release, who approved it, and each signature with its artifact, so that it can be
verified with the public keys alone. The checksums are those that `sha256sum --check` reads.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from api.graphql.ids import to_global
from api.graphql.types.enums import ManifestFormat
from engine.model.algorithms import DigestAlgorithm
from engine.queries.manifests import ReleaseRecord
from engine.queries.records import Record

JSON_FORMAT = "countersign-manifest-1"

Rows = Sequence[Record]


@dataclass(frozen=True, slots=True)
class ManifestWriter:
    """Writes a manifest in parts: its start, pages of signatures, and its end."""

    media_type: str
    #: What a download is called, beneath the release.
    file_name: str
    #: Of the release, what stands before the signatures.
    start: Callable[[ReleaseRecord], str]
    #: A page of signatures; and whether signatures were written before it.
    page: Callable[[Rows, bool], str]
    end: str

    def write(self, record: ReleaseRecord, rows: Rows) -> str:
        """Return a whole manifest."""
        return self.start(record) + self.page(rows, False) + self.end


def _json_start(record: ReleaseRecord) -> str:
    head = {"format": JSON_FORMAT, "release": release_document(record)}
    return _dump(head)[:-1] + ',"signatures":['


def _json_page(rows: Rows, has_rows_before: bool) -> str:
    text = ",".join(f"\n{_dump(signature_document(row))}" for row in rows)
    return f",{text}" if text and has_rows_before else text


def _checksums(algorithm: DigestAlgorithm) -> ManifestWriter:
    return ManifestWriter(
        media_type="text/plain; charset=utf-8",
        file_name=f"{algorithm}SUMS",
        start=lambda _record: "",
        page=lambda rows, _has_rows_before: checksum_lines(rows, algorithm),
        end="",
    )


WRITERS = {
    ManifestFormat.JSON: ManifestWriter(
        "application/json", "manifest.json", _json_start, _json_page, "\n]}\n"
    ),
    ManifestFormat.SHA256SUMS: _checksums(DigestAlgorithm.SHA256),
    ManifestFormat.SHA512SUMS: _checksums(DigestAlgorithm.SHA512),
}


def download_path(release_id: str, format_: ManifestFormat) -> str:
    """Return where the manifest is downloaded, below the public URL.

    Args:
        release_id: The global id of the release, or a placeholder of a route.
        format_: The form of the manifest.
    """
    return f"/downloads/releases/{release_id}/{WRITERS[format_].file_name}"


def release_document(record: ReleaseRecord) -> dict[str, Any]:
    """Return what the manifest says of the release."""
    release, fields = record.release, record.release.fields
    return {
        "id": to_global("Release", release.id),
        "name": fields.name,
        "version": fields.version,
        "note": fields.note,
        "type": fields.type,
        "status": release.status,
        "startsAt": _instant(fields.starts_at),
        "endsAt": _instant(fields.ends_at),
        "endedAt": _instant(release.ended_at),
        "maxSignatures": fields.max_signatures,
        "signaturesUsed": release.signatures_used,
        "revision": release.revision,
        "team": record.team.name if record.team is not None else None,
        "requestedBy": {"name": record.requester.name, "email": record.requester.email},
        "decisions": [
            {
                "verdict": row.verdict,
                "approver": {"name": approver.name, "email": approver.email},
                "revision": row.revision,
                "decidedAt": _instant(row.decided_at),
            }
            for row, approver in record.decisions
        ],
    }


def signature_document(row: Record) -> dict[str, Any]:
    """Return what the manifest says of a signature."""
    return {
        "id": to_global("Signature", row.id),
        "createdAt": _instant(row.reserved_at),
        "keypair": {
            "id": to_global("Keypair", row.keypair_id),
            "alias": row.alias,
            "algorithm": row.algorithm,
        },
        "signer": {"name": row.signer_name, "email": row.signer_email},
        "digest": row.digest.hex(),
        "digestAlgorithm": row.digest_algorithm,
        "value": b64encode(row.value).decode(),
        "artifact": _artifact(row),
        "context": json.loads(row.context) if row.context is not None else None,
    }


def _artifact(row: Record) -> dict[str, Any] | None:
    if row.artifact_name is None:
        return None
    has_digest = row.artifact_digest is not None
    return {
        "name": row.artifact_name,
        "size": row.artifact_size,
        "digest": row.artifact_digest.hex() if has_digest else None,
        "digestAlgorithm": row.artifact_digest_algorithm,
    }


def checksum_lines(rows: Iterable[Record], algorithm: DigestAlgorithm) -> str:
    """Return a line with digest and name for each signed artifact whose digest is of the algorithm.

    The digest is the artifact's own, or the signed one where its caller stated none. Names are
    escaped as GNU coreutils does: a backslash before the line says so.
    """
    return "".join(
        f"{_escaped(digest.hex(), row.artifact_name)}\n"
        for row in rows
        if (digest := _digest_of_artifact(row, algorithm)) is not None
    )


def _digest_of_artifact(row: Record, algorithm: DigestAlgorithm) -> bytes | None:
    if row.artifact_name is None:
        return None
    if row.artifact_digest is not None:
        is_asked_for = row.artifact_digest_algorithm == algorithm
        digest: bytes = row.artifact_digest
    else:
        is_asked_for, digest = row.digest_algorithm == algorithm, row.digest
    return digest if is_asked_for else None


def _escaped(digest: str, name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    mark = "\\" if escaped != name else ""
    return f"{mark}{digest}  {escaped}"


def _instant(instant: datetime | None) -> str | None:
    return instant.isoformat().replace("+00:00", "Z") if instant is not None else None


def _dump(document: dict[str, Any]) -> str:
    return orjson.dumps(document).decode()
