"""The forms and hash functions by name; this imports nothing, so that `--help` costs no time."""

from __future__ import annotations

from enum import StrEnum


class FormName(StrEnum):
    """The values of `--format`."""

    RAW = "raw"
    CLEARSIGN = "clearsign"
    CMS = "cms"
    OPENPGP = "openpgp"
    SSHSIG = "sshsig"


class DigestName(StrEnum):
    """The values of `--digest`, as `hashlib` calls the functions."""

    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"
