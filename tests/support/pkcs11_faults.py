"""A PKCS#11 module that fails where it is told to, in front of a real one."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")

#: Functions of PKCS#11 by their place in its function list.
FUNCTIONS = {
    "C_Initialize": 0,
    "C_Finalize": 1,
    "C_GetInfo": 2,
    "C_GetSlotList": 4,
    "C_GetSlotInfo": 5,
    "C_GetTokenInfo": 6,
    "C_GetMechanismList": 7,
    "C_OpenSession": 12,
    "C_CloseSession": 13,
    "C_Login": 18,
    "C_Logout": 19,
    "C_DestroyObject": 22,
    "C_GetAttributeValue": 24,
    "C_FindObjectsInit": 26,
    "C_FindObjects": 27,
    "C_FindObjectsFinal": 28,
    "C_SignInit": 42,
    "C_Sign": 43,
    "C_GenerateKeyPair": 59,
}

#: Every return code of PKCS#11 2.40 but CKR_OK, one of a vendor's own, and one of no standard.
CODES = {
    "CANCEL": 0x01,
    "HOST_MEMORY": 0x02,
    "SLOT_ID_INVALID": 0x03,
    "GENERAL_ERROR": 0x05,
    "FUNCTION_FAILED": 0x06,
    "ARGUMENTS_BAD": 0x07,
    "NO_EVENT": 0x08,
    "NEED_TO_CREATE_THREADS": 0x09,
    "CANT_LOCK": 0x0A,
    "ATTRIBUTE_READ_ONLY": 0x10,
    "ATTRIBUTE_SENSITIVE": 0x11,
    "ATTRIBUTE_TYPE_INVALID": 0x12,
    "ATTRIBUTE_VALUE_INVALID": 0x13,
    "ACTION_PROHIBITED": 0x1B,
    "DATA_INVALID": 0x20,
    "DATA_LEN_RANGE": 0x21,
    "DEVICE_ERROR": 0x30,
    "DEVICE_MEMORY": 0x31,
    "DEVICE_REMOVED": 0x32,
    "ENCRYPTED_DATA_INVALID": 0x40,
    "ENCRYPTED_DATA_LEN_RANGE": 0x41,
    "FUNCTION_CANCELED": 0x50,
    "FUNCTION_NOT_PARALLEL": 0x51,
    "FUNCTION_NOT_SUPPORTED": 0x54,
    "KEY_HANDLE_INVALID": 0x60,
    "KEY_SIZE_RANGE": 0x62,
    "KEY_TYPE_INCONSISTENT": 0x63,
    "KEY_NOT_NEEDED": 0x64,
    "KEY_CHANGED": 0x65,
    "KEY_NEEDED": 0x66,
    "KEY_INDIGESTIBLE": 0x67,
    "KEY_FUNCTION_NOT_PERMITTED": 0x68,
    "KEY_NOT_WRAPPABLE": 0x69,
    "KEY_UNEXTRACTABLE": 0x6A,
    "MECHANISM_INVALID": 0x70,
    "MECHANISM_PARAM_INVALID": 0x71,
    "OBJECT_HANDLE_INVALID": 0x82,
    "OPERATION_ACTIVE": 0x90,
    "OPERATION_NOT_INITIALIZED": 0x91,
    "PIN_INCORRECT": 0xA0,
    "PIN_INVALID": 0xA1,
    "PIN_LEN_RANGE": 0xA2,
    "PIN_EXPIRED": 0xA3,
    "PIN_LOCKED": 0xA4,
    "SESSION_CLOSED": 0xB0,
    "SESSION_COUNT": 0xB1,
    "SESSION_HANDLE_INVALID": 0xB3,
    "SESSION_PARALLEL_NOT_SUPPORTED": 0xB4,
    "SESSION_READ_ONLY": 0xB5,
    "SESSION_EXISTS": 0xB6,
    "SESSION_READ_ONLY_EXISTS": 0xB7,
    "SESSION_READ_WRITE_SO_EXISTS": 0xB8,
    "SIGNATURE_INVALID": 0xC0,
    "SIGNATURE_LEN_RANGE": 0xC1,
    "TEMPLATE_INCOMPLETE": 0xD0,
    "TEMPLATE_INCONSISTENT": 0xD1,
    "TOKEN_NOT_PRESENT": 0xE0,
    "TOKEN_NOT_RECOGNIZED": 0xE1,
    "TOKEN_WRITE_PROTECTED": 0xE2,
    "UNWRAPPING_KEY_HANDLE_INVALID": 0xF0,
    "UNWRAPPING_KEY_SIZE_RANGE": 0xF1,
    "UNWRAPPING_KEY_TYPE_INCONSISTENT": 0xF2,
    "USER_ALREADY_LOGGED_IN": 0x100,
    "USER_NOT_LOGGED_IN": 0x101,
    "USER_PIN_NOT_INITIALIZED": 0x102,
    "USER_TYPE_INVALID": 0x103,
    "USER_ANOTHER_ALREADY_LOGGED_IN": 0x104,
    "USER_TOO_MANY_TYPES": 0x105,
    "WRAPPED_KEY_INVALID": 0x110,
    "WRAPPED_KEY_LEN_RANGE": 0x112,
    "WRAPPING_KEY_HANDLE_INVALID": 0x113,
    "WRAPPING_KEY_SIZE_RANGE": 0x114,
    "WRAPPING_KEY_TYPE_INCONSISTENT": 0x115,
    "RANDOM_SEED_NOT_SUPPORTED": 0x120,
    "RANDOM_NO_RNG": 0x121,
    "DOMAIN_PARAMS_INVALID": 0x130,
    "CURVE_NOT_SUPPORTED": 0x140,
    "BUFFER_TOO_SMALL": 0x150,
    "SAVED_STATE_INVALID": 0x160,
    "INFORMATION_SENSITIVE": 0x170,
    "STATE_UNSAVEABLE": 0x180,
    "CRYPTOKI_NOT_INITIALIZED": 0x190,
    "CRYPTOKI_ALREADY_INITIALIZED": 0x191,
    "MUTEX_BAD": 0x1A0,
    "MUTEX_NOT_LOCKED": 0x1A1,
    "NEW_PIN_MODE": 0x1B0,
    "NEXT_OTP": 0x1B1,
    "EXCEEDED_MAX_ITERATIONS": 0x1B5,
    "FIPS_SELF_TEST_FAILED": 0x1B6,
    "LIBRARY_LOAD_FAILED": 0x1B7,
    "PIN_TOO_WEAK": 0x1B8,
    "PUBLIC_KEY_INVALID": 0x1B9,
    "FUNCTION_REJECTED": 0x200,
    "VENDOR_DEFINED": 0x80000000,
    "VENDORS_OWN": 0x8000CAFE,
    "NOT_STANDARD": 0x7FFF,
}

#: A refused PIN is not tried again before a restart: a few wrong tries lock a token.
REFUSED_PIN = frozenset(
    {"PIN_INCORRECT", "PIN_INVALID", "PIN_LEN_RANGE", "PIN_EXPIRED", "PIN_LOCKED"}
)


class FaultyModule:
    """Built once for a test run, in front of the module at `real`."""

    def __init__(self, folder: Path, real: str) -> None:
        self.path = str(folder / "pkcs11_faults.so")
        flags = ["-shared", "-fPIC", f'-DREAL="{real}"', "-o", self.path, str(SOURCE), "-ldl"]
        subprocess.run(["gcc", "-Wall", "-Werror", *flags], check=True, capture_output=True)
        self._library = ctypes.CDLL(self.path)
        self._library.faults_inject.argtypes = (
            ctypes.c_int,
            ctypes.c_int,
            ctypes.c_ulong,
            ctypes.c_int,
        )
        self._library.faults_add_token_flags.argtypes = (ctypes.c_ulong,)
        self._library.faults_refuse_writing.argtypes = (ctypes.c_ulong,)

    def reset(self) -> None:
        """Inject nothing, and count from nought."""
        self._library.faults_reset()

    def inject(self, function: str, nth: int, code: str, *, after: bool = False) -> None:
        """The nth call from now on answers the code, before it did its work or after."""
        self._library.faults_inject(FUNCTIONS[function], nth, CODES[code], after)

    def unplug(self, *, unplugged: bool) -> None:
        """No slot has a token for as long as this is so."""
        self._library.faults_unplug(unplugged)

    def refuse_writing(self, code: str) -> None:
        """No session may write, until `reset`."""
        self._library.faults_refuse_writing(CODES[code])

    def add_token_flags(self, flags: int) -> None:
        """The token has these flags besides its own, until `reset`."""
        self._library.faults_add_token_flags(flags)

    @property
    def hits(self) -> int:
        """How many faults came to pass."""
        hits: int = self._library.faults_hits()
        return hits

    def calls(self) -> dict[str, int]:
        """How often each function was called."""
        counted = {name: self._library.faults_calls(n) for name, n in FUNCTIONS.items()}
        return {name: number for name, number in counted.items() if number}

    def forwarded(self, function: str) -> int:
        """How often the real module was called."""
        number: int = self._library.faults_forwarded(FUNCTIONS[function])
        return number
