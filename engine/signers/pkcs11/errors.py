"""What the errors of PKCS#11 mean here: which end the connection, which may be tried again."""

from collections.abc import Mapping

from pkcs11 import exceptions as p11
from pkcs11.exceptions import PKCS11Error

from engine.signers.pkcs11.settings import TokenSettings

#: The PIN may have been counted as a wrong one: a few of those lock a token for good.
PIN_REFUSED = (p11.PinIncorrect, p11.PinLocked, p11.PinInvalid, p11.PinLenRange, p11.PinExpired)

#: What the caller asked for does not fit the key or is not there; the connection is sound.
_CALLERS_OWN = (
    p11.DataInvalid,
    p11.DataLenRange,
    p11.KeySizeRange,
    p11.KeyTypeInconsistent,
    p11.MechanismInvalid,
    p11.MechanismParamInvalid,
    p11.MultipleObjectsReturned,
    p11.NoSuchKey,
    p11.TokenWriteProtected,
)

# The call was turned away at the door, for a handle or a state of ours that is out of date.
_NOT_BEGUN = (
    p11.KeyHandleInvalid,
    p11.ObjectHandleInvalid,
    p11.OperationActive,
    p11.SessionHandleInvalid,
    p11.UserNotLoggedIn,
)

#: The token says that its next wrong PIN, or none any more, locks it.
_PIN_NOT_RISKED = (
    "The HSM's PIN is locked, or one wrong PIN away from it, and is not tried. Check"
    " {pin}, and log in to the token once with another tool."
)
#: A key that is to be adopted.
NO_KEY = "The token has no private key with this label or id. Look for it with `pkcs11-tool -O`."
SEVERAL_KEYS = (
    "The token has several private keys with this label or id. Name one by both, as in"
    " pkcs11:object=release;id=%01."
)
_UNREACHABLE = "The HSM cannot be reached. Check that it is connected and running."
#: With the settings to check in braces.
_SENTENCES: Mapping[type[PKCS11Error], str] = {
    p11.DeviceError: _UNREACHABLE,
    p11.DeviceRemoved: _UNREACHABLE,
    p11.SlotIDInvalid: _UNREACHABLE,
    p11.TokenNotPresent: _UNREACHABLE,
    p11.TokenNotRecognised: _UNREACHABLE,
    p11.NoSuchToken: "The HSM has no token with the label of {label}."
    " Check the label, and that the HSM is connected and running.",
    p11.MultipleTokensReturned: "Several tokens have the label of {label}."
    " Give each token a label of its own.",
    p11.NoSuchKey: "The HSM holds no key for this keypair."
    " Check that {label} names the token in which the key was made.",
    p11.MultipleObjectsReturned: "The HSM holds several keys for this keypair."
    " Remove the copies that do not belong to it.",
    p11.PinIncorrect: "The HSM refused the PIN. Check {pin}.",
    p11.PinInvalid: "The HSM refused the PIN. Check {pin}.",
    p11.PinLenRange: "The HSM refused the PIN. Check {pin}.",
    p11.PinExpired: "The PIN of the HSM has expired. Set a new one in the token and in {pin}.",
    p11.PinLocked: "The PIN of the HSM is locked. Have the token's security officer set it anew.",
    p11.UserPinNotInitialized: "The token has no user PIN yet."
    " Have its security officer set one, and put it into {pin}.",
    p11.SessionCount: "The HSM has no session left. Close other programs that use it.",
    p11.TokenWriteProtected: "The token is write-protected: no key can be made in it."
    " Choose another signer, or lift the write protection.",
    p11.SessionReadOnly: "This user of the token may not make keys in it."
    " Choose another signer, or a user who may.",
    p11.MechanismInvalid: "The HSM does not offer what this keypair's algorithm needs."
    " Choose another algorithm.",
}


def is_callers_own(error: Exception) -> bool:
    """Whether the connection is as good as before."""
    return isinstance(error, _CALLERS_OWN)


def is_not_begun(error: Exception) -> bool:
    """Whether nothing was done, so that the same may be tried again over a new connection."""
    return isinstance(error, _NOT_BEGUN) or (
        # These have no classes of their own.
        type(error) is PKCS11Error and "(not initialized)" in str(error)
    )


def is_already_initialized(error: PKCS11Error) -> bool:
    """Whether the library was started before, and not by the package's knowledge."""
    return type(error) is PKCS11Error and "(already initialized)" in str(error)


def pin_not_risked(token: TokenSettings) -> str:
    """What to tell people of a PIN that could lock the token."""
    return _PIN_NOT_RISKED.format(pin=token.pin_setting)


def sentence_of(error: Exception, token: TokenSettings) -> str:
    """What to tell people of it: what is wrong, and what to check."""
    for type_, sentence in _SENTENCES.items():
        if isinstance(error, type_):
            return sentence.format(label=token.label_setting, pin=token.pin_setting)
    if type(error) is PKCS11Error and "while loading" in str(error):
        return (
            f"The PKCS#11 library {token.module} cannot be loaded. Check COUNTERSIGN_PKCS11_MODULE:"
            " whether the file is there, readable, and made for this machine."
        )
    if isinstance(error, PKCS11Error):
        detail = type(error).__name__ if type(error) is not PKCS11Error else str(error).rstrip(".")
        return f"The HSM failed: {detail}. Try again; if it persists, see the log of the HSM."
    return "The HSM's answer was not understood; the log says how. Tell an administrator."
