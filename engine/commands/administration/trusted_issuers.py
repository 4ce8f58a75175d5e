"""Trusted issuers: whose tokens pipelines can prove themselves with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from engine.commands.administration.pipeline_rules import end_rule
from engine.commands.administration.validation import clean_name, differences, require_permission
from engine.commands.command import Command
from engine.commands.credentials.token_endings import end_tokens_of_rule
from engine.model.errors import Code, Faults, Refusal, refuse
from engine.model.events import TrustedIssuerCreated, TrustedIssuerDeleted, TrustedIssuerUpdated
from engine.model.grants import refuse_grant
from engine.model.origins import IssuerKind
from engine.model.text import normalize
from engine.model.vocabulary import Permission
from engine.persistence.db.ids import uuid7
from engine.persistence.store.administration import pipelines
from engine.persistence.store.administration.pipelines import RuleFields
from engine.persistence.store.locks import Hold
from engine.persistence.store.unit_of_work import UnitOfWork

#: Each issuer costs a process its documents in memory.
MAX_ISSUERS = 20
MAX_URL_CHARACTERS = 500


@dataclass(frozen=True, kw_only=True)
class CreateTrustedIssuer(Command[UUID]):
    """Trust the tokens of an issuer; returns its id. Nobody gets a token without a rule."""

    command_name = "create_trusted_issuer"
    detail_fields = ("name",)
    account_hold = Hold.EXCLUSIVE

    name: str
    kind: IssuerKind
    url: str
    #: The only audience of its tokens; None: the public URL of this service.
    audience: str | None = None
    #: Why its address may not be used, which is for whoever fetches its keys to say.
    url_fault: Refusal | None = None

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_USERS`."""
        require_permission(uow, Permission.MANAGE_USERS)
        faults = Faults()
        with faults:
            name = clean_name(normalize(self.name), "name", "name")
        with faults:
            refuse(self.url_fault)
            _require_text(self.url, "url")
        with faults:
            _require_text(self.audience, "audience")
        with faults:
            _require_room(uow)
        faults.refuse()
        issuer_id = uuid7()
        pipelines.insert_issuer(
            uow, issuer_id, name=name, kind=self.kind, issuer=self.url, audience=self.audience
        )
        values = {"name": name, "kind": self.kind, "url": self.url, "audience": self.audience}
        changes = differences({}, values)
        uow.record(TrustedIssuerCreated(subject_id=issuer_id, changes=changes))
        return issuer_id


@dataclass(frozen=True, kw_only=True)
class UpdateTrustedIssuer(Command[UUID]):
    """Change the name or the audience of an issuer; returns its id. None stays as it is.

    Its address stays: a rule is about the pipelines of one issuer and of no other. With another
    audience, the tokens end that pipelines have by its rules: they have proved something else.
    """

    command_name = "update_trusted_issuer"
    subject_kind = "TrustedIssuer"
    subject_field = "issuer_id"
    account_hold = Hold.EXCLUSIVE

    issuer_id: UUID
    name: str | None = None
    #: If empty, the public URL of this service.
    audience: str | None = None

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_USERS`, and for another audience what the issuer's rules grant."""
        require_permission(uow, Permission.MANAGE_USERS)
        row = pipelines.load_issuer(uow, self.issuer_id)
        changes = differences(row._asdict(), self._new_values())
        if changes:
            if "audience" in changes:
                _let_in_others(uow, row)
            pipelines.update_issuer(uow, row.id, {n: after for n, (_, after) in changes.items()})
            uow.record(TrustedIssuerUpdated(subject_id=row.id, changes=changes))
        return self.issuer_id

    def _new_values(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        faults = Faults()
        if self.name is not None:
            with faults:
                values["name"] = clean_name(normalize(self.name), "name", "name")
        if self.audience is not None:
            with faults:
                _require_text(self.audience or None, "audience")
            values["audience"] = self.audience or None
        faults.refuse()
        return values


@dataclass(frozen=True, kw_only=True)
class DeleteTrustedIssuer(Command[UUID]):
    """Trust an issuer no more; returns its id. Its rules go with it, and all of their tokens."""

    command_name = "delete_trusted_issuer"
    subject_kind = "TrustedIssuer"
    subject_field = "issuer_id"
    account_hold = Hold.EXCLUSIVE

    issuer_id: UUID

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_USERS`."""
        require_permission(uow, Permission.MANAGE_USERS)
        row = pipelines.load_issuer(uow, self.issuer_id)
        for rule in pipelines.rules_of_issuer(uow, row.id):
            end_rule(uow, rule)
        pipelines.delete_issuer(uow, row.id)
        changes: dict[str, tuple[Any, Any]] = {
            "name": (row.name, None),
            "url": (row.issuer, None),
        }
        uow.record(TrustedIssuerDeleted(subject_id=row.id, changes=changes))
        return self.issuer_id


def _let_in_others(uow: UnitOfWork, issuer: Row[Any]) -> None:
    """Check that the actor may give what the issuer's rules grant, and end the rules' tokens.

    Tokens for another audience are those of other pipelines, to which the rules then give the same.
    """
    for rule in pipelines.rules_of_issuer(uow, issuer.id):
        scopes = RuleFields.of(rule).scopes
        refuse(refuse_grant(uow.actor, scopes, scopes, "audience"))
        end_tokens_of_rule(uow, rule, f"The audience of {issuer.name} was changed.")


def _require_room(uow: UnitOfWork) -> None:
    """Refuse INVALID_INPUT where the account trusts as many issuers as it may."""
    if pipelines.count_of_issuers(uow) >= MAX_ISSUERS:
        message = f"An account trusts at most {MAX_ISSUERS} issuers. Delete one first."
        raise Refusal(Code.INVALID_INPUT, message)


def _require_text(value: str | None, field: str) -> None:
    """Refuse INVALID_INPUT unless it is one line of printable ASCII without spaces."""
    if value is None:
        return
    is_line = value.isascii() and value.isprintable() and " " not in value
    if not (is_line and 1 <= len(value) <= MAX_URL_CHARACTERS):
        message = f"Give 1 to {MAX_URL_CHARACTERS} printable ASCII characters without spaces."
        raise Refusal(Code.INVALID_INPUT, message, field)
