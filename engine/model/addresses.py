"""E-mail addresses: what is one, how it is stored and compared, and how people see it.

There is one idea of an address, for whoever types one and for the mailer that uses it: that of
`email-validator` (RFC 5321, RFC 6531, UTS 46). A domain is stored as A-label, in lower case; the
part before the @ as it was typed.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase

import email_validator
from email_validator import EmailNotValidError, ValidatedEmail

from engine.model.errors import Code, Refusal

MAX_ADDRESS_BYTES = 254
_LOWER = {
    ord(upper): ord(lower) for upper, lower in zip(ascii_uppercase, ascii_lowercase, strict=True)
}
# Mail servers of one's own serve names like `corp.local`, too; nothing is looked up in the DNS.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()


@dataclass(frozen=True, slots=True)
class Address:
    """An e-mail address, taken apart."""

    #: What stands before the @, as it was typed, in Unicode's form NFC.
    local: str
    #: The domain as A-labels, as browsers and mail servers send it.
    domain: str
    #: The domain as people read it.
    shown_domain: str

    @property
    def stored(self) -> str:
        """The address as it is stored, and given to a mail server."""
        return f"{self.local}@{self.domain}"

    @property
    def shown(self) -> str:
        """The address as people read it."""
        return f"{self.local}@{self.shown_domain}"

    @property
    def key(self) -> str:
        """The key by which addresses are compared: letter case is ignored."""
        return f"{unicodedata.normalize('NFC', self.local.casefold())}@{self.domain}"

    @property
    def keys(self) -> frozenset[str]:
        """The forms in which a row may have it: domains used to be stored as they were typed."""
        local = self.key.rpartition("@")[0]
        shown_domain = unicodedata.normalize("NFC", self.shown_domain.casefold())
        return frozenset({self.key, f"{local}@{shown_domain}"})

    @property
    def mailbox(self) -> str:
        """The form in which mailboxes are compared: the letter case of ASCII aside.

        `strasse@` and `straße@` are the same key, and two people's mail.
        """
        return f"{self.local.translate(_LOWER)}@{self.domain}"

    @property
    def is_international(self) -> bool:
        """Whether only a mail server with SMTPUTF8 (RFC 6531) can deliver to it."""
        return not self.local.isascii()


def parse(text: str) -> Address | None:
    """Return the address that a text is; None where it is none."""
    if len(text) > 2 * MAX_ADDRESS_BYTES:
        return None
    try:
        validated = _validate(text.strip())
    except (EmailNotValidError, UnicodeError):
        return None
    assert validated.ascii_domain is not None
    if len(validated.local_part) + 1 + len(validated.ascii_domain) > MAX_ADDRESS_BYTES:
        return None
    return Address(validated.local_part, validated.ascii_domain.lower(), validated.domain)


def share_mailbox(first: str, second: str) -> bool:
    """Whether mail to both addresses goes to the same mailbox."""
    a, b = parse(first), parse(second)
    return a is not None and b is not None and a.mailbox == b.mailbox


def require(text: str, *, international: bool, field: str = "email") -> Address:
    """The mailbox that a text names, or INVALID_INPUT.

    Args:
        text: What somebody typed.
        international: The mail server carries addresses with other letters before the @.
        field: The input field at fault.
    """
    address = parse(text)
    if address is None:
        message = "This is no e-mail address. Give one like dana@example.com."
        raise Refusal(Code.INVALID_INPUT, message, field)
    if address.is_international and not international:
        message = (
            "The mail server of this installation carries only ASCII letters before the @."
            " Give another address of the same person."
        )
        raise Refusal(Code.INVALID_INPUT, message, field)
    return address


def shown(stored: str) -> str:
    """A stored address as people read it: the domain in its own script."""
    if stored.isascii() and "xn--" not in stored:
        return stored
    address = parse(stored)
    return address.shown if address is not None else stored


def deliverable(stored: str) -> str:
    """A stored address as a mail server takes it; domains that were stored as typed, as A-label."""
    if stored.isascii():
        return stored
    address = parse(stored)
    return address.stored if address is not None else stored


def _validate(text: str) -> ValidatedEmail:
    return email_validator.validate_email(
        text,
        allow_smtputf8=True,
        allow_quoted_local=False,
        allow_domain_literal=False,
        check_deliverability=False,
        globally_deliverable=False,
    )
