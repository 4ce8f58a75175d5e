"""Loaders for what the viewer may do with objects other than releases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from api.graphql.entity_cache import EntityCache
from api.graphql.prefetch import loads
from api.graphql.selection import FieldCall
from api.graphql.types.account import Account
from api.graphql.types.api_token import ApiToken
from api.graphql.types.keypair import Keypair
from api.graphql.types.people import Team, User
from api.graphql.types.subject_action import AvailableSubjectAction
from engine.queries import available_actions
from engine.queries.available_actions import Answers


@loads(Account, "availableActions")
def of_account(cache: EntityCache, accounts: Sequence[Account], call: FieldCall) -> Iterable[Any]:
    for account in accounts:
        account.available_actions = _actions(available_actions.of_account(cache.reading))
    return ()


@loads(Keypair, "availableActions")
def of_keypairs(cache: EntityCache, keypairs: Sequence[Keypair], call: FieldCall) -> Iterable[Any]:
    ids = [keypair.source.id for keypair in keypairs]
    answers = available_actions.of_keypairs(cache.reading, ids)
    for keypair in keypairs:
        keypair.available_actions = _actions(answers[keypair.source.id])
    return ()


@loads(Team, "availableActions")
def of_teams(cache: EntityCache, teams: Sequence[Team], call: FieldCall) -> Iterable[Any]:
    answers = available_actions.of_teams(cache.reading, [team.source for team in teams])
    for team in teams:
        team.available_actions = _actions(answers[team.source.id])
    return ()


@loads(User, "availableActions")
def of_users(cache: EntityCache, users: Sequence[User], call: FieldCall) -> Iterable[Any]:
    answers = available_actions.of_users(cache.reading, [user.source for user in users])
    for user in users:
        user.available_actions = _actions(answers[user.source.id])
    return ()


@loads(ApiToken, "availableActions")
def of_tokens(cache: EntityCache, tokens: Sequence[ApiToken], call: FieldCall) -> Iterable[Any]:
    answers = available_actions.of_tokens(cache.reading, [token.source for token in tokens])
    for token in tokens:
        token.available_actions = _actions(answers[token.source.id])
    return ()


def _actions(answers: Answers) -> list[AvailableSubjectAction]:
    return [AvailableSubjectAction.of(action, refusal) for action, refusal in answers]
