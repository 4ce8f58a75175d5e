"""Finding the signer backends that are installed and configured."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points

from engine.signers.base import Capabilities, Signer, SignerContext, SignerFailed

#: A distribution adds a backend by naming its class here.
ENTRY_POINTS = "countersign.signers"


def load_signers(context: SignerContext) -> dict[str, Signer]:
    """Return every configured backend by its name.

    Raises:
        SignerFailed: One cannot be used; the message names it.
    """
    signers: dict[str, Signer] = {}
    for entry in sorted(set(entry_points(group=ENTRY_POINTS)), key=lambda entry: entry.value):
        for signer in _build(entry, context):
            if signer.name in signers:
                message = f"Two signer backends are named {signer.name}."
                raise SignerFailed(message)
            signers[signer.name] = signer
    return signers


def _build(entry: EntryPoint, context: SignerContext) -> Sequence[Signer]:
    label = f"The signer backend {entry.name} ({entry.value})"
    try:
        backend = entry.load()
    except (ImportError, AttributeError) as error:
        message = f"{label} cannot be loaded: {error}."
        raise SignerFailed(message) from error
    if not (isinstance(backend, type) and issubclass(backend, Signer)):
        message = (
            f"{label} does not fit this version: its class has to derive from"
            " engine.signers.base.Signer. Install a version of it that does."
        )
        raise SignerFailed(message)
    try:
        signers = backend.from_context(context)
        is_declared = all(isinstance(signer.capabilities, Capabilities) for signer in signers)
    except SignerFailed:
        raise
    except Exception as error:
        message = f"{label} cannot be set up: {type(error).__name__}. Check its options."
        raise SignerFailed(message) from error
    if not is_declared:
        message = f"{label} does not declare its capabilities. Install a version of it that does."
        raise SignerFailed(message)
    return signers
