"""The numbers of PKCS#11 2.40 that the token uses, by their names in that standard."""

from __future__ import annotations

from enum import IntEnum, IntFlag


class ReturnValue(IntEnum):
    """CKR_*: why a call failed."""

    SLOT_ID_INVALID = 0x03
    GENERAL_ERROR = 0x05
    ARGUMENTS_BAD = 0x07
    ATTRIBUTE_SENSITIVE = 0x11
    ATTRIBUTE_TYPE_INVALID = 0x12
    DATA_INVALID = 0x20
    DATA_LEN_RANGE = 0x21
    DEVICE_ERROR = 0x30
    FUNCTION_NOT_SUPPORTED = 0x54
    KEY_HANDLE_INVALID = 0x60
    KEY_FUNCTION_NOT_PERMITTED = 0x68
    MECHANISM_INVALID = 0x70
    MECHANISM_PARAM_INVALID = 0x71
    OBJECT_HANDLE_INVALID = 0x82
    OPERATION_ACTIVE = 0x90
    OPERATION_NOT_INITIALIZED = 0x91
    SESSION_COUNT = 0xB1
    SESSION_HANDLE_INVALID = 0xB3
    SESSION_PARALLEL_NOT_SUPPORTED = 0xB4
    BUFFER_TOO_SMALL = 0x150
    CRYPTOKI_NOT_INITIALIZED = 0x190
    FUNCTION_REJECTED = 0x200


class MechanismType(IntEnum):
    """CKM_*: ways to sign, and the hash and mask functions that parameters of PSS name."""

    RSA_PKCS = 0x01
    RSA_PKCS_PSS = 0x0D
    SHA256_RSA_PKCS = 0x40
    SHA384_RSA_PKCS = 0x41
    SHA512_RSA_PKCS = 0x42
    SHA256_RSA_PKCS_PSS = 0x43
    SHA384_RSA_PKCS_PSS = 0x44
    SHA512_RSA_PKCS_PSS = 0x45
    SHA256 = 0x250
    SHA384 = 0x260
    SHA512 = 0x270
    ECDSA = 0x1041
    ECDSA_SHA256 = 0x1044
    ECDSA_SHA384 = 0x1045
    ECDSA_SHA512 = 0x1046


class MaskFunction(IntEnum):
    """CKG_*: mask generation functions of PSS."""

    MGF1_SHA256 = 2
    MGF1_SHA384 = 3
    MGF1_SHA512 = 4


class ObjectClass(IntEnum):
    """CKO_*: kinds of objects."""

    CERTIFICATE = 1
    PUBLIC_KEY = 2
    PRIVATE_KEY = 3


class KeyType(IntEnum):
    """CKK_*: kinds of keys."""

    RSA = 0
    EC = 3


class Attribute(IntEnum):
    """CKA_*: what objects say of themselves."""

    CLASS = 0x00
    TOKEN = 0x01
    PRIVATE = 0x02
    LABEL = 0x03
    VALUE = 0x11
    CERTIFICATE_TYPE = 0x80
    ISSUER = 0x81
    SERIAL_NUMBER = 0x82
    TRUSTED = 0x86
    CERTIFICATE_CATEGORY = 0x87
    KEY_TYPE = 0x100
    SUBJECT = 0x101
    ID = 0x102
    SENSITIVE = 0x103
    ENCRYPT = 0x104
    DECRYPT = 0x105
    WRAP = 0x106
    UNWRAP = 0x107
    SIGN = 0x108
    SIGN_RECOVER = 0x109
    VERIFY = 0x10A
    VERIFY_RECOVER = 0x10B
    DERIVE = 0x10C
    MODULUS = 0x120
    MODULUS_BITS = 0x121
    PUBLIC_EXPONENT = 0x122
    PRIVATE_EXPONENT = 0x123
    PRIME_1 = 0x124
    PRIME_2 = 0x125
    EXPONENT_1 = 0x126
    EXPONENT_2 = 0x127
    COEFFICIENT = 0x128
    PUBLIC_KEY_INFO = 0x129
    EXTRACTABLE = 0x162
    LOCAL = 0x163
    NEVER_EXTRACTABLE = 0x164
    ALWAYS_SENSITIVE = 0x165
    MODIFIABLE = 0x170
    EC_PARAMS = 0x180
    EC_POINT = 0x181
    ALWAYS_AUTHENTICATE = 0x202
    ALLOWED_MECHANISMS = 0x40000600


class SlotFlag(IntFlag):
    """CKF_* of a slot."""

    TOKEN_PRESENT = 0x01


class TokenFlag(IntFlag):
    """CKF_* of a token. Without LOGIN_REQUIRED no tool asks for a PIN."""

    RNG = 0x01
    WRITE_PROTECTED = 0x02
    USER_PIN_INITIALIZED = 0x08
    TOKEN_INITIALIZED = 0x400


class SessionFlag(IntFlag):
    """CKF_* of a session."""

    RW_SESSION = 0x02
    SERIAL_SESSION = 0x04


class MechanismFlag(IntFlag):
    """CKF_* of a mechanism."""

    SIGN = 0x800
    EC_F_P = 0x100000
    EC_NAMEDCURVE = 0x800000
    EC_UNCOMPRESS = 0x1000000
