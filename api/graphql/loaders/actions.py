"""Loaders for what the viewer may do with objects other than releases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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


@loads(Certificate, "availableActions")
def of_certificates(
    cache: EntityCache, certificates: Sequence[Certificate], call: FieldCall
) -> Iterable[Any]:
    rows = [certificate.source for certificate in certificates]
    return _assign(certificates, available_actions.of_certificates(cache.reading, rows))


@loads(Team, "availableActions")
def of_teams(cache: EntityCache, teams: Sequence[Team], call: FieldCall) -> Iterable[Any]:
    answers = available_actions.of_teams(cache.reading, [team.source for team in teams])
    return _assign(teams, answers)


@loads(User, "availableActions")
def of_users(cache: EntityCache, users: Sequence[User], call: FieldCall) -> Iterable[Any]:
    answers = available_actions.of_users(cache.reading, [user.source for user in users])
    return _assign(users, answers)


@loads(ApiToken, "availableActions")
def of_tokens(cache: EntityCache, tokens: Sequence[ApiToken], call: FieldCall) -> Iterable[Any]:
    answers = available_actions.of_tokens(cache.reading, [token.source for token in tokens])
    return _assign(tokens, answers)


@loads(TrustedIssuer, "availableActions")
def of_trusted_issuers(
    cache: EntityCache, issuers: Sequence[TrustedIssuer], call: FieldCall
) -> Iterable[Any]:
    sources = [issuer.source for issuer in issuers]
    return _assign(issuers, available_actions.of_trusted_issuers(cache.reading, sources))


@loads(PipelineRule, "availableActions")
def of_pipeline_rules(
    cache: EntityCache, rules: Sequence[PipelineRule], call: FieldCall
) -> Iterable[Any]:
    sources = [rule.source for rule in rules]
    return _assign(rules, available_actions.of_pipeline_rules(cache.reading, sources))


@loads(Webhook, "availableActions")
def actions_of_webhooks(
    cache: EntityCache, webhooks: Sequence[Webhook], call: FieldCall
) -> Iterable[Any]:
    return _assign(webhooks, of_webhooks(cache.reading, [webhook.source for webhook in webhooks]))


def _assign(objects: Iterable[Any], answers: Mapping[UUID, Answers]) -> Iterable[Any]:
    for each in objects:
        each.available_actions = _actions(answers[each.source.id])
    return ()


def _actions(answers: Answers) -> list[AvailableSubjectAction]:
    return [AvailableSubjectAction.of(action, refusal) for action, refusal in answers]
