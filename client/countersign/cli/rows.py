"""How releases and keypairs are shown: the fields for programs, and the lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from countersign.cli.output import print_pairs
from countersign.times import shown_instant

# The documents promise the columns of every table to programs, in their order.
RELEASE_COLUMNS = ("NAME", "STATUS", "KEYS", "STARTS", "ENDS", "USED")


def release_cells(release: Mapping[str, Any]) -> Iterable[str]:
    """Return the cells of a release in a table."""
    return (
        release["name"],
        release["status"],
        aliases_of(release),
        shown_instant(release["startsAt"]),
        shown_instant(release["endsAt"]),
        f"{release['signaturesUsed']}/{release['maxSignatures']}",
    )


def print_release(release: Mapping[str, Any]) -> None:
    """Print one release for a person."""
    approval = release["approval"] or {}
    team = release["team"] or {}
    print_pairs(
        [
            ("name", release["name"]),
            ("id", release["id"]),
            ("version", release["version"]),
            ("status", release["status"]),
            ("type", release["type"]),
            ("keypairs", aliases_of(release)),
            ("team", team.get("name")),
            ("requested by", release["requestedBy"]["name"]),
            ("approvals", f"{approval['received']} of {approval['required']}" if approval else ""),
            ("starts", shown_instant(release["startsAt"])),
            ("ends", shown_instant(release["endsAt"])),
            ("signatures", f"{release['signaturesUsed']} of {release['maxSignatures']}"),
            ("revision", release["revision"]),
            ("note", release["note"]),
            ("ended because", release["endReason"]),
        ]
    )


def aliases_of(release: Mapping[str, Any]) -> str:
    """Return the aliases of a release's keypairs."""
    return ", ".join(keypair["alias"] for keypair in release["keypairs"])


def listed(names: Sequence[str], count: int) -> str:
    """Return the first names of a list, and how many more it has."""
    more = [f"and {count - len(names)} more"] if count > len(names) else []
    return ", ".join([*names, *more])


KEYPAIR_COLUMNS = ("ALIAS", "TYPE", "ALGORITHM", "STATE", "HELD BY", "FINGERPRINT", "SUCCESSOR")


def keypair_cells(keypair: Mapping[str, Any]) -> Iterable[str]:
    """Return the cells of a keypair in a table."""
    held_by, successor = keypair["heldBy"] or {}, keypair["successor"] or {}
    return (
        keypair["alias"],
        keypair["type"],
        keypair["algorithm"],
        keypair["state"].lower(),
        held_by.get("name", ""),
        keypair["publicKey"]["fingerprint"][:16],
        successor.get("alias", ""),
    )
