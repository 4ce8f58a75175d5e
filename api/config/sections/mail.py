"""Settings of mail."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, SecretStr

from api.config import settings_rules as rules
from api.config.settings_rules import validated_by


class MailSection(BaseModel):
    """The mail server and the sender of mails."""

    smtp_url: Annotated[SecretStr, validated_by(rules.smtp_url)] = Field(
        description="The mail server: smtp://user:password@host:port?tls=starttls, tls (from the"
        " first byte) or none. Or log:FOLDER, which sends nothing: each mail becomes a file in that"
        " folder (without a name: mails), and `countersign serve` shows them at MAIL_PAGE_ADDRESS.",
        examples=["smtp://countersign:password@smtp.example.com:587?tls=starttls"],
    )
    mail_page_address: Annotated[str, validated_by(rules.address_and_port)] = Field(
        default="127.0.0.1:8025",
        description="Where `countersign serve` shows the mails that SMTP_URL=log: keeps, to whoever"
        " can connect there. There are links in them with which anybody can approve and sign in.",
    )
    mail_international: bool = Field(
        default=False,
        description="The mail server carries addresses with letters beyond ASCII before the @"
        " (SMTPUTF8, RFC 6531). Without it users with such addresses are refused. Domains may have"
        " any letters either way.",
    )
    mail_from: Annotated[str, validated_by(rules.sender)] = Field(
        description='The sender of every mail, like "Countersign <countersign@example.com>".',
        examples=['"Countersign <countersign@example.com>"'],
    )
