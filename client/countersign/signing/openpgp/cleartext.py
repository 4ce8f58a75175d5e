"""Texts with their signature in one file (RFC 9580 section 7), as `gpg --clearsign` writes them."""

from __future__ import annotations

import hashlib

from countersign.errors import UsageError
from countersign.signing.hashing import HashedFile
from countersign.signing.openpgp.form import OpenPgpForm
from countersign.signing.openpgp.signatures import ContentHash, SignatureType

_BEGIN = b"-----BEGIN PGP SIGNED MESSAGE-----\n"
_SIGNATURE = b"-----BEGIN PGP SIGNATURE-----\n"
_DASH, _ESCAPE = b"-", b"- "
#: What is not signed at the end of a line.
_LINE_END = b" \t\r"


class ClearsignForm(OpenPgpForm):
    """A copy of the text with a signature below it, which does not cover white space at line ends.

    The whole text is held in memory.
    """

    _signature_type = SignatureType.TEXT

    def assemble(self, file: HashedFile, value: bytes) -> bytes:
        """Return the text with the signature's packet in ASCII armor."""
        signature = super().assemble(file, value)
        head = f"Hash: {self.file_digest_name.upper()}\n\n".encode("ascii")
        return _BEGIN + head + _escaped(_text(file)) + signature if signature else b""

    def is_valid(self, file: HashedFile, content: bytes) -> bool:
        """Tell whether the text is that of the file, with a signature of the subkey over it."""
        head, separator, signature = content.partition(b"\n" + _SIGNATURE)
        _, _, escaped = head.partition(b"\n\n")
        is_same = _canonical(_unescaped(escaped) + b"\n") == _canonical(_text(file))
        is_text = head.startswith(_BEGIN) and bool(separator)
        return is_text and is_same and super().is_valid(file, _SIGNATURE + signature)

    def _content_hash(self, file: HashedFile) -> ContentHash:
        return hashlib.new(self.file_digest_name, _canonical(_text(file)))


def _text(file: HashedFile) -> bytes:
    """Return the content of a file that was hashed.

    Raises:
        UsageError: It cannot be read, has changed since, or is no text.
    """
    try:
        content = file.path.read_bytes()
        content.decode("utf-8")
    except OSError as error:
        raise UsageError(f"{file.path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        message = f"{file.path} is no text in UTF-8: use --format openpgp, which signs any file."
        raise UsageError(message) from error
    if hashlib.new(file.content_hash.name, content).digest() != file.digest:
        raise UsageError(f"{file.path} has changed while it was signed or verified: begin again.")
    return content


def _lines(text: bytes) -> list[bytes]:
    """Return the lines without their ends; a line end at the end begins no further line."""
    return text.removesuffix(b"\n").split(b"\n")


def _canonical(text: bytes) -> bytes:
    """Return what is signed of a text."""
    return b"\r\n".join(line.rstrip(_LINE_END) for line in _lines(text))


def _escaped(text: bytes) -> bytes:
    """Return a text in which no line looks like the beginning of a signature."""
    return b"".join(
        (_ESCAPE if line.startswith(_DASH) else b"") + line + b"\n" for line in _lines(text)
    )


def _unescaped(text: bytes) -> bytes:
    return b"\n".join(line.removeprefix(_ESCAPE) for line in text.split(b"\n"))
