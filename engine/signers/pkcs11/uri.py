"""How keys in a token are named: by people, and where they are stored."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote_to_bytes

from engine.signers.base import UnacceptableKey

_SCHEME = "pkcs11:"
#: Attributes of a URI that say nothing more of a key: which token it is in is in the settings.
_IGNORED = frozenset(
    {"token", "manufacturer", "serial", "model", "type", "slot-id", "slot-description"}
    | {"slot-manufacturer", "library-manufacturer", "library-description", "library-version"}
)

_PIN = re.compile(r"(?<=pin-value=)[^;&?]*", re.IGNORECASE)


def without_pin(reference: str) -> str:
    """Return a reference to a key as records show it: a URI can have the token's PIN in it."""
    return _PIN.sub("[hidden]", reference)


@dataclass(frozen=True, slots=True)
class KeyObject:
    """Where a key is in a token: the CKA_ID and the CKA_LABEL of both its halves."""

    id: bytes
    label: str

    def to_bytes(self) -> bytes:
        """Return it as it is stored."""
        return json.dumps({"id": self.id.hex(), "label": self.label}).encode("ascii")

    @classmethod
    def from_bytes(cls, stored: bytes) -> Self:
        """Return what was stored; `ValueError` or `TypeError` for anything else."""
        fields = json.loads(stored)
        return cls(bytes.fromhex(fields["id"]), str(fields["label"]))


@dataclass(frozen=True, slots=True)
class KeySought:
    """A key as a person names it: by its label, its id, or both."""

    label: str | None = None
    id: bytes | None = None

    @classmethod
    def parse(cls, reference: str) -> Self:
        """Read a label, or a PKCS#11 URI (RFC 7512) as `p11tool` shows it.

        Raises:
            UnacceptableKey: It is neither.
        """
        if not reference.startswith(_SCHEME):
            return cls(label=_required(reference))
        path = reference.removeprefix(_SCHEME).partition("?")[0]
        attributes = dict(_pair(part) for part in path.split(";") if part)
        unknown = attributes.keys() - {"object", "id"} - _IGNORED
        if unknown or not attributes.keys() & {"object", "id"}:
            raise UnacceptableKey(
                "A PKCS#11 URI of a key has `object` or `id`, as in pkcs11:object=release;id=%01."
            )
        label = attributes.get("object")
        try:
            text = label.decode("utf-8") if label is not None else None
        except UnicodeDecodeError:
            raise UnacceptableKey("The label in the PKCS#11 URI is not UTF-8.") from None
        return cls(label=text, id=attributes.get("id"))


def _required(label: str) -> str:
    if not label.strip():
        raise UnacceptableKey("Name the key by its label, or by a PKCS#11 URI.")
    return label


def _pair(part: str) -> tuple[str, bytes]:
    name, _, value = part.partition("=")
    return name, unquote_to_bytes(value)
