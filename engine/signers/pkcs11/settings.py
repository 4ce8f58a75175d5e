"""Which tokens of which PKCS#11 libraries are configured."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.signers.base import SignerFailed

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,28}[a-z0-9])?", re.ASCII)
_FIELDS = {"label", "pin", "module"}


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """A token: its library, its label and its PIN, and which settings say so."""

    #: The name of its signer.
    signer: str
    module: str
    label: str
    pin: str = field(repr=False)
    #: Where label and PIN are set, for sentences that say what to check.
    label_setting: str = "COUNTERSIGN_PKCS11_TOKEN"
    pin_setting: str = "COUNTERSIGN_PKCS11_PIN"


def configured_tokens(options: Mapping[str, str]) -> Sequence[TokenSettings]:
    """Return the tokens that are configured.

    Args:
        options: `pkcs11_module`, `pkcs11_token` and `pkcs11_pin` for one token, the signer
            `pkcs11`; and `pkcs11_tokens` for those that have names, as `named_tokens` reads it.

    Raises:
        SignerFailed: One is configured wrongly.
    """
    module, tokens = options.get("pkcs11_module"), options.get("pkcs11_tokens")
    named = named_tokens(tokens, module) if tokens else []
    is_single = options.get("pkcs11_token") or options.get("pkcs11_pin") or not named
    if not module or not is_single:
        return named
    label, pin = _option(options, "pkcs11_token"), _option(options, "pkcs11_pin")
    return _different([TokenSettings("pkcs11", module, label, pin), *named])


def named_tokens(text: str, module: str | None) -> Sequence[TokenSettings]:
    """Read a JSON object of tokens by name, each with `label`, `pin`, and maybe its own `module`.

    Args:
        text: The JSON.
        module: The library of those that name none.

    Raises:
        SignerFailed: Says what is wrong, without the values, which are secret.
    """
    try:
        tokens = json.loads(text)
    except ValueError:
        raise _wrong("is no JSON") from None
    if not isinstance(tokens, dict) or not tokens:
        raise _wrong("must be a JSON object of tokens by name")
    return _different([_token(name, values, module) for name, values in tokens.items()])


def _token(name: str, values: Any, module: str | None) -> TokenSettings:
    if not _NAME.fullmatch(name):
        raise _wrong(f"has a token named {name!r}: use small letters, digits and hyphens")
    is_object = isinstance(values, dict) and {"label", "pin"} <= values.keys() <= _FIELDS
    if not is_object or not all(isinstance(v, str) and v for v in values.values()):
        raise _wrong(f"needs `label` and `pin` as texts for {name}, and maybe `module`")
    library = values.get("module", module)
    if not library:
        raise _wrong(f"has no library for {name}: set COUNTERSIGN_PKCS11_MODULE, or its `module`")
    place = f"{name} in COUNTERSIGN_PKCS11_TOKENS"
    return TokenSettings(
        f"pkcs11:{name}",
        library,
        values["label"],
        values["pin"],
        place,
        f"the PIN of {place}",
    )


def _different(tokens: list[TokenSettings]) -> list[TokenSettings]:
    seen: dict[tuple[str, str], str] = {}
    for token in tokens:
        other = seen.setdefault((token.module, token.label), token.signer)
        if other != token.signer:
            raise _wrong(f"names one token twice: {other} and {token.signer}")
    return tokens


def _option(options: Mapping[str, str], name: str) -> str:
    value = options.get(name)
    if not value:
        message = (
            f"COUNTERSIGN_PKCS11_MODULE is set, but COUNTERSIGN_{name.upper()} is not."
            " Set it, or take the module away."
        )
        raise SignerFailed(message)
    return value


def _wrong(fault: str) -> SignerFailed:
    return SignerFailed(f"COUNTERSIGN_PKCS11_TOKENS {fault}.")
