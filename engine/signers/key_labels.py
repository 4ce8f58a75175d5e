"""The labels by which keys that a backend keeps itself are told to be of a keypair."""

from __future__ import annotations

from uuid import UUID

from engine.signers.base import UnacceptableKey
from engine.signers.keyring import KeyBinding


def label_of(binding: KeyBinding) -> str:
    """Return the label of the key of a keypair: `<account>/<keypair>`."""
    return f"{binding.account_id}/{binding.keypair_id}"


def binding_of(label: str) -> KeyBinding | None:
    """Return what `label_of` made a label of; None for a label of others."""
    account, _, keypair = label.partition("/")
    try:
        binding = KeyBinding(UUID(account), UUID(keypair))
    except ValueError:
        return None
    return binding if label_of(binding) == label else None


def require_others(label: str) -> None:
    """Raise `UnacceptableKey` for the label of a key that was made for a keypair."""
    if binding_of(label) is not None:
        raise UnacceptableKey("This key was made for a keypair. It is used through that one.")
