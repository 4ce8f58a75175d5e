"""Whom a certificate is about, as people write it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography import x509

from engine.model.errors import Code, Refusal, refuse
from engine.model.text import check_name

#: The most characters of a subject, and of each alternative name.
MAX_SUBJECT_CHARACTERS = 500
MAX_ALTERNATIVE_CHARACTERS = 250
MAX_ALTERNATIVES = 20


@dataclass(frozen=True, slots=True)
class CertificateNames:
    """A subject and its alternative names."""

    subject: x509.Name
    alternatives: tuple[x509.GeneralName, ...] = ()


def parse_subject(text: str) -> x509.Name:
    """Return a distinguished name from its form of RFC 4514; refuses INVALID_INPUT."""
    fault = check_name(text, "subject", "subject", limit=MAX_SUBJECT_CHARACTERS)
    if fault is not None:
        raise fault
    try:
        name = x509.Name.from_rfc4514_string(text)
        name.public_bytes()
    except Exception as error:
        message = "This is no distinguished name. Write it like CN=Example,O=Example GmbH,C=AT."
        raise Refusal(Code.INVALID_INPUT, message, "subject") from error
    # A text can have such characters escaped, as in CN=example.com\00.example.net.
    for attribute in name:
        refuse(check_name(str(attribute.value), "subject", "subject", limit=MAX_SUBJECT_CHARACTERS))
    return name


def parse_alternatives(
    dns_names: Sequence[str], emails: Sequence[str], uris: Sequence[str]
) -> tuple[x509.GeneralName, ...]:
    """Return alternative names; refuses INVALID_INPUT."""
    if len(dns_names) + len(emails) + len(uris) > MAX_ALTERNATIVES:
        message = f"Give at most {MAX_ALTERNATIVES} alternative names."
        raise Refusal(Code.INVALID_INPUT, message, "dns_names")
    return (
        *_parsed(x509.DNSName, dns_names, "dns_names"),
        *_parsed(x509.RFC822Name, emails, "emails"),
        *_parsed(x509.UniformResourceIdentifier, uris, "uris"),
    )


def _parsed(
    kind: Callable[[str], x509.GeneralName], texts: Sequence[str], field: str
) -> list[x509.GeneralName]:
    names = []
    for text in texts:
        is_plain = text.isascii() and text.isprintable() and " " not in text
        if not (is_plain and 1 <= len(text) <= MAX_ALTERNATIVE_CHARACTERS):
            message = (
                f"Give 1 to {MAX_ALTERNATIVE_CHARACTERS} printable ASCII characters without spaces."
            )
            raise Refusal(Code.INVALID_INPUT, message, field)
        try:
            names.append(kind(text))
        except Exception as error:
            message = "This cannot be in a certificate. Check its form."
            raise Refusal(Code.INVALID_INPUT, message, field) from error
    return names
