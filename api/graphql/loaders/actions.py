"""Loaders for what the viewer may do with objects other than releases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from api.graphql.entity_cache import EntityCache
from api.graphql.prefetch import loads
from api.graphql.selection import FieldCall
from api.graphql.types.account import Account
from api.graphql.types.api_token import ApiToken
from api.graphql.types.certificate import Certificate
from api.graphql.types.keypair import Keypair
from api.graphql.types.people import Team, User
from api.graphql.types.pipeline import PipelineRule, TrustedIssuer
from api.graphql.types.subject_action import AvailableSubjectAction
from api.graphql.types.webhook import Webhook
from engine.queries import available_actions
from engine.queries.available_actions import Answers
from notifications.webhooks.available_actions import of_webhooks


@loads(Account, "availableActions")
def of_account(cache: EntityCache, accounts: Sequence[Account], call: FieldCall) -> Iterable[Any]:
    for account in accounts:
        account.available_actions = _actions(available_actions.of_account(cache.reading))
    return ()


@loads(Keypair, "availableActions")
def of_keypairs(cache: EntityCache, keypairs: Sequence[Keypair], call: FieldCall) -> Iterable[Any]:
    ids = [keypair.source.id for keypair in keypairs]
    answers = available_actions.of_keypairs(cache.reading, ids)
    return _assign(keypairs, answers)


def _of_objects(kind: type, answer: Callable[[Any, list[Any]], Mapping[UUID, Answers]]) -> None:
    """Register the loader of a type whose answers come from the rows of its objects."""

    @loads(kind, "availableActions")
    def load(cache: EntityCache, objects: Sequence[Any], call: FieldCall) -> Iterable[Any]:
        return _assign(objects, answer(cache.reading, [each.source for each in objects]))


_of_objects(Certificate, available_actions.of_certificates)
_of_objects(Team, available_actions.of_teams)
_of_objects(User, available_actions.of_users)
_of_objects(ApiToken, available_actions.of_tokens)
_of_objects(TrustedIssuer, available_actions.of_trusted_issuers)
_of_objects(PipelineRule, available_actions.of_pipeline_rules)
_of_objects(Webhook, of_webhooks)


def _assign(objects: Iterable[Any], answers: Mapping[UUID, Answers]) -> Iterable[Any]:
    for each in objects:
        each.available_actions = _actions(answers[each.source.id])
    return ()


def _actions(answers: Answers) -> list[AvailableSubjectAction]:
    return [AvailableSubjectAction.of(action, refusal) for action, refusal in answers]
