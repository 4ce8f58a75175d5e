"""A PKCS#11 library: starting it, and finding a token behind it."""

from contextlib import suppress
from ctypes import CDLL
from typing import Any

import pkcs11
from pkcs11.exceptions import MultipleTokensReturned, NoSuchToken, PKCS11Error

from engine.signers.pkcs11.errors import is_already_initialized


def load_library(module: str) -> Any:
    """Return a library that is started, by its path."""
    try:
        return pkcs11.lib(module)
    except PKCS11Error as error:
        if not is_already_initialized(error):
            raise
    # The package takes a library that refused to end for ended.
    with suppress(OSError, AttributeError):
        CDLL(module).C_Finalize(None)
    return pkcs11.lib(module)


def find_token(library: Any, label: str) -> pkcs11.Token:
    """The one token of the label; other slots may be empty or broken."""
    tokens: list[pkcs11.Token] = []
    slot_error: PKCS11Error | None = None
    for slot in library.get_slots(token_present=True):
        try:
            tokens.append(slot.get_token())
        except PKCS11Error as error:
            slot_error = error
    matching = [token for token in tokens if token.label == label]
    if len(matching) > 1:
        raise MultipleTokensReturned
    if not matching:
        raise slot_error or NoSuchToken()
    return matching[0]
