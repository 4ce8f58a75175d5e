"""What `countersign key` does."""

from __future__ import annotations

import json
import sys
from base64 import b64decode
from pathlib import Path
from typing import Any

from countersign.cli.output import chosen, print_json, print_pairs, print_rows
from countersign.cli.rows import KEYPAIR_COLUMNS, keypair_cells, listed
from countersign.connection.connect import connect
from countersign.connection.paths import replace_file
from countersign.errors import UsageError
from countersign.operations.keypairs import KEYPAIRS
from countersign.releases.lookups import keypair_details, keypair_named
from countersign.terminal import printable
from countersign.times import shown_instant


def print_keypairs(search: str | None, fields: str | None) -> None:
    """List keypairs."""
    with connect() as connection:
        rows = list(connection.pages(KEYPAIRS, filter={"aliasContains": search}))
    print_rows(rows, fields, KEYPAIR_COLUMNS, keypair_cells)


def show_keypair(alias: str, fields: str | None) -> None:
    """Show a keypair."""
    with connect() as connection:
        keypair = keypair_details(connection, alias)
    page = keypair.pop("teamsConnection")
    keypair |= {"teams": [edge["node"]["name"] for edge in page["edges"]]}
    if fields is not None:
        print_json(chosen(keypair, fields))
        return
    public_key, held_by = keypair["publicKey"], keypair["heldBy"] or {}
    successor, openpgp = keypair["successor"] or {}, keypair["openpgp"]
    print_pairs(
        [
            ("alias", keypair["alias"]),
            ("id", keypair["id"]),
            ("category", keypair["category"]),
            ("type", keypair["type"]),
            ("algorithm", keypair["algorithm"]),
            ("state", keypair["state"].lower()),
            ("retired", shown_instant(keypair["retiredAt"])),
            ("successor", successor.get("alias")),
            ("access", keypair["access"].lower()),
            ("teams", listed(keypair["teams"], page["totalCount"])),
            ("held by", held_by.get("name")),
            ("fingerprint", public_key["fingerprint"]),
            ("for ssh", public_key["sshFingerprint"]),
            ("for openpgp", openpgp["userId"] if openpgp else ""),
            ("expires", (shown_instant(openpgp["expiresAt"]) or "never") if openpgp else ""),
        ]
    )


def export_public_key(alias: str, form: str, out: Path | None) -> None:
    """Print or write a public key.

    Raises:
        UsageError: The keypair has no public key in this form.
    """
    with connect() as connection:
        value = keypair_named(connection, alias)["publicKey"][form]
    if value is None:
        raise UsageError(f"The public key of {alias} has no form {form}.")
    content = _content(form, value)
    if out is not None:
        replace_file(out, content)
    else:
        sys.stdout.buffer.write(content)


def _content(form: str, value: Any) -> bytes:
    if form == "der":
        return b64decode(value)
    text = json.dumps(value, indent=2) if form == "jwk" else str(value).rstrip("\n")
    return "".join(f"{printable(line)}\n" for line in text.split("\n")).encode()
