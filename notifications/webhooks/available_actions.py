"""What the viewer may do with webhooks, and why not, by the rules that the commands apply."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from engine.model.errors import Refusal
from engine.model.grants import missing_permission
from engine.model.vocabulary import Permission
from engine.queries.available_actions import Answers, SubjectAction
from engine.queries.context import QueryContext
from engine.queries.records import Record
from notifications.webhooks import base, tags


def of_webhooks(context: QueryContext, webhooks: Collection[Record]) -> dict[UUID, Answers]:
    """Return what the viewer may do with each webhook."""
    manage = missing_permission(context.actor, Permission.MANAGE_ACCOUNT)
    one_more = base.refuse_one_more(context.connection, context.account_id)
    return {
        webhook.id: [
            (SubjectAction.UPDATE, manage),
            (SubjectAction.ENABLE, manage or _enable(context, webhook, one_more)),
            (SubjectAction.DISABLE, manage),
            (SubjectAction.ROTATE_SECRET, manage),
            (
                SubjectAction.SEND_TEST,
                manage or base.refuse_test_of_inactive(active=webhook.active),
            ),
        ]
        for webhook in webhooks
    }


def _enable(context: QueryContext, webhook: Record, one_more: Refusal | None) -> Refusal | None:
    if webhook.active:
        return None
    return base.refuse_unseen(context.actor, tags.patterns_of(webhook.tags)) or one_more
