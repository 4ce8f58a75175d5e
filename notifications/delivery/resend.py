"""Send a settled message again: it failed, got lost, or its link lapsed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row

from engine.commands.releases.draft import release_facts, require
from engine.commands.releases.release_command import ReleaseCommand
from engine.lifecycle.guards import requester_or_approver
from engine.model.errors import Code, Refusal, not_found
from engine.model.facts import Release
from engine.model.vocabulary import Permission
from engine.persistence.store import loading
from engine.persistence.store.unit_of_work import UnitOfWork
from notifications.delivery import relevance
from notifications.delivery.relevance import ReleaseState, SentMessage
from notifications.facts.release_context import load_release_context
from notifications.links import action_links
from notifications.outbox import calendar_updates, preferences, queueing, resend_limits
from notifications.tables import deliveries
from notifications.vocabulary import EMAIL, KINDS_WITH_LINK, WEBHOOK, DeliveryState, MessageKind


@dataclass(frozen=True, kw_only=True)
class ResendDelivery(ReleaseCommand[UUID]):
    """Queues the same message to the same person once more; answers the new delivery's id.

    By the release's requester or approvers, or whoever manages the account.
    """

    command_name = "send_again"

    delivery_id: UUID
    #: Of the delivery; looked up by the caller, for the lock.
    release_id: UUID | None
    link_key: bytes
    link_lifetime: timedelta = action_links.LIFETIME
    #: The channels there are for people.
    channels: Collection[str] = (EMAIL,)

    def apply(self, uow: UnitOfWork) -> UUID:
        """The settled delivery stays as it is; a new one takes its place in the queue."""
        row = self._row(uow)
        release = uow.release(row.release_id) if row.release_id else None
        self._require(uow, row, release)
        if release is not None and row.webhook_id is None:
            _require_truth(row, release)
        if row.address is not None:
            message = "This message is sent once. Ask for the change of the address again."
            raise Refusal(Code.WRONG_STATUS, message, "id")
        if row.state is DeliveryState.QUEUED:
            message = "This message is still waiting to be sent."
            raise Refusal(Code.WRONG_STATUS, message, "id")
        channel = self._channel(uow, row)
        original_id = row.copy_of or row.id
        resend_limits.check(uow, original_id)
        link_id = self._link(uow, row, release) if row.kind in KINDS_WITH_LINK else None
        again = queueing.copy_of(row, channel, link_id)
        if release is not None and row.calendar is not None:
            again["calendar"] = _calendar(uow, row.user_id, release)
        again |= {"copy_of": original_id, "requested_by": uow.actor.user_id}
        (delivery_id,) = queueing.insert(uow.connection, [again], uow.now)
        uow.has_messages_to_send = True
        return delivery_id

    def _row(self, uow: UnitOfWork) -> Row[Any]:
        query = sa.select(deliveries).where(
            deliveries.c.id == self.delivery_id,
            deliveries.c.account_id == uow.account_id,
            deliveries.c.release_id == self.release_id,
        )
        row = uow.connection.execute(query).one_or_none()
        if row is None:
            raise not_found("delivery", "id")
        return row

    def _require(self, uow: UnitOfWork, row: Row[Any], release: Release | None) -> None:
        facts = release_facts(uow, release) if release is not None else None
        if Permission.MANAGE_ACCOUNT in uow.actor.permissions:
            return
        if facts is None or row.webhook_id is not None:
            # Messages about the account, and to its webhooks, are its administrators' alone.
            raise not_found("delivery", "id")
        require(requester_or_approver, facts)

    def _channel(self, uow: UnitOfWork, row: Row[Any]) -> str:
        """Return its channel where the person still uses that, and another one of theirs if not."""
        if row.webhook_id is not None:
            return WEBHOOK
        recipient = row.user_id, MessageKind(row.kind)
        chosen = preferences.channels_of(uow.connection, {recipient}, self.channels)[recipient]
        if not chosen:
            message = "Whom it is for does not want messages of this kind any more."
            raise Refusal(Code.WRONG_STATUS, message, "id")
        return row.channel if row.channel in chosen else chosen[0]

    def _link(self, uow: UnitOfWork, row: Row[Any], release: Release | None) -> UUID:
        assert release is not None, "only releases ask for decisions"
        votes = loading.load_votes(uow.connection, [release]).get(release.id, ())
        decided = any(vote.approver_id == row.user_id for vote in votes)
        outdated = row.revision < release.material_revision
        if decided or outdated:
            raise _not_true()
        approvers = [(release, [row.user_id])]
        links = action_links.ensure(
            uow.connection, self.link_key, approvers, uow.now, self.link_lifetime
        )
        link_id: UUID = links[release.id, row.user_id]
        return link_id


def _require_truth(row: Row[Any], release: Release) -> None:
    now = ReleaseState.of(release, release.fields.max_signatures)
    if relevance.contradiction(SentMessage.of(row), now) is not None:
        raise _not_true()


def _calendar(uow: UnitOfWork, user_id: UUID, release: Release) -> str | None:
    """Return a calendar file of the release as it is now, newer than every one that was sent."""
    sent = calendar_updates.sent_of(uow.connection, [release.id]).get(release.id, {})
    around = load_release_context(uow.connection, [release], others=sent)
    return calendar_updates.calendars_of(release, around, sent).repeated(user_id, uow.now)


def _not_true() -> Refusal:
    return Refusal(Code.WRONG_STATUS, "This message is not true any more.", "id")
