"""What the viewer may do with things other than releases, and why not.

The refusals come from the rules that the commands apply, as of a command that changes as little as
it can: what depends on further input, such as the roles to be given, is not refused here.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from engine.lifecycle import administration as rules
from engine.lifecycle.scope_refusals import refusal_by
from engine.lifecycle.table import REQUESTER_RULES
from engine.model.errors import Refusal, not_found
from engine.model.grants import (
    ADMINISTRATION,
    missing_permission,
    refuse_grant,
    refuse_loosening,
    refuse_scopes,
)
from engine.model.signing_factors import evaluate
from engine.model.vocabulary import Permission
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.persistence.store.administration.keypairs import load_successors
from engine.queries import pipelines
from engine.queries.context import QueryContext
from engine.queries.records import Record, permissions_of
from engine.queries.request_form import request_facts
from engine.queries.signing import sign_facts


class SubjectAction(StrEnum):
    """What a viewer can do with something other than a release."""

    UPDATE = "UPDATE"
    ENABLE = "ENABLE"
    DISABLE = "DISABLE"
    SIGN = "SIGN"
    REQUEST_RELEASE = "REQUEST_RELEASE"
    RENAME = "RENAME"
    CHANGE_ROLES = "CHANGE_ROLES"
    ACTIVATE = "ACTIVATE"
    DEACTIVATE = "DEACTIVATE"
    CREATE_TOKEN = "CREATE_TOKEN"  # noqa: S105 - an action
    REVOKE = "REVOKE"
    DELETE = "DELETE"
    ROTATE_SECRET = "ROTATE_SECRET"  # noqa: S105 - an action
    SEND_TEST = "SEND_TEST"
    ADD_CERTIFICATE = "ADD_CERTIFICATE"
    CERTIFY = "CERTIFY"
    RENEW_OPENPGP_CERTIFICATE = "RENEW_OPENPGP_CERTIFICATE"
    RENEW = "RENEW"
    RETIRE = "RETIRE"
    SET_DEFAULT = "SET_DEFAULT"
    REMOVE = "REMOVE"
    FREEZE_SIGNING = "FREEZE_SIGNING"
    UNFREEZE_SIGNING = "UNFREEZE_SIGNING"
    CREATE_KEYPAIR = "CREATE_KEYPAIR"
    CREATE_TEAM = "CREATE_TEAM"
    CREATE_USER = "CREATE_USER"
    CREATE_ROLE = "CREATE_ROLE"


#: The actions on one thing, each with the refusal that it would meet; None: it is allowed.
Answers: TypeAlias = list[tuple[SubjectAction, Refusal | None]]


def of_account(context: QueryContext) -> Answers:
    """Return what the viewer may do with the account."""
    needed = {
        SubjectAction.UPDATE: Permission.MANAGE_ACCOUNT,
        SubjectAction.CREATE_KEYPAIR: Permission.MANAGE_KEYPAIRS,
        SubjectAction.CREATE_TEAM: Permission.MANAGE_TEAMS,
        SubjectAction.CREATE_USER: Permission.MANAGE_USERS,
        SubjectAction.CREATE_ROLE: Permission.MANAGE_USERS,
    }
    return [
        *((action, missing_permission(context.actor, p)) for action, p in needed.items()),
        (SubjectAction.FREEZE_SIGNING, _set_frozen(context, frozen=True)),
        (SubjectAction.UNFREEZE_SIGNING, _set_frozen(context, frozen=False)),
    ]


def _set_frozen(context: QueryContext, *, frozen: bool) -> Refusal | None:
    before = context.settings.signing_frozen
    changes = {"signing_frozen": (before, frozen)} if before != frozen else {}
    return missing_permission(context.actor, Permission.MANAGE_ACCOUNT) or refuse_loosening(
        context.actor, changes
    )


def of_keypairs(context: QueryContext, ids: Collection[UUID]) -> dict[UUID, Answers]:
    """Return what the viewer may do with each keypair."""
    keypairs = loading.load_keypairs(context.connection, context.account_id, ids)
    facts = sign_facts(context, context.actor, keypairs, context.now)
    update = missing_permission(context.actor, Permission.MANAGE_KEYPAIRS)
    successors = load_successors(context.connection, ids)
    answers = {}
    for keypair in keypairs:
        changes = {} if keypair.enabled else {"enabled": (False, True)}
        certify = rules.refuse_certification(context.settings, keypair.type, keypair.state)
        x509 = rules.refuse_x509_certificate(keypair.category)
        openpgp = rules.refuse_openpgp_certificate(keypair.category)
        answers[keypair.id] = [
            (SubjectAction.UPDATE, update),
            (
                SubjectAction.ENABLE,
                update
                or rules.refuse_retired(keypair.state, "enabled")
                or rules.refuse_opening(context.actor, changes),
            ),
            (SubjectAction.DISABLE, update),
            (SubjectAction.SIGN, evaluate(facts[keypair.id]).refusal),
            (SubjectAction.ADD_CERTIFICATE, update or x509),
            (SubjectAction.CERTIFY, update or x509 or certify),
            (SubjectAction.RENEW_OPENPGP_CERTIFICATE, update or openpgp or certify),
            (
                SubjectAction.RENEW,
                update or rules.refuse_renewal(context.actor, successors.get(keypair.id)),
            ),
            (SubjectAction.RETIRE, update or rules.refuse_retired(keypair.state, "keypair_id")),
        ]
    return answers


def of_certificates(context: QueryContext, certificates: Collection[Record]) -> dict[UUID, Answers]:
    """Return what the viewer may do with each certificate."""
    update = missing_permission(context.actor, Permission.MANAGE_KEYPAIRS)
    answers: dict[UUID, Answers] = {}
    for row in certificates:
        refusal = update
        if refusal is None and row.removed_at is not None:
            refusal = not_found("certificate", "certificate_id")
        default = None
        if not row.is_default:
            default = rules.refuse_default_certificate(
                row.kind, row.valid_from, row.expires_at, context.now
            )
        answers[row.id] = [
            (SubjectAction.SET_DEFAULT, refusal or default),
            (SubjectAction.REMOVE, refusal),
        ]
    return answers


def of_teams(context: QueryContext, teams: Collection[Record]) -> dict[UUID, Answers]:
    """Return what the viewer may do with each team."""
    update = missing_permission(context.actor, Permission.MANAGE_TEAMS)
    return {
        team.id: [
            (SubjectAction.UPDATE, update),
            (SubjectAction.REQUEST_RELEASE, _request(context, team)),
        ]
        for team in teams
    }


def _request(context: QueryContext, team: Record) -> Refusal | None:
    facts = request_facts(context, team)
    refusals = (refusal_by(rule, facts) for rule in REQUESTER_RULES)
    return next((refusal for refusal in refusals if refusal is not None), None)


def of_users(context: QueryContext, users: Collection[Record]) -> dict[UUID, Answers]:
    """Return what the viewer may do with each user."""
    held = permissions_of(context, [user.id for user in users])
    managers = _people_with_all(context, frozenset({Permission.MANAGE_USERS}))
    appointers = _people_with_all(context, ADMINISTRATION)
    return {
        user.id: [
            *_of_profile(context, user),
            (SubjectAction.ACTIVATE, _activate(context, user, held[user.id])),
            (SubjectAction.DEACTIVATE, _deactivate(context, user, managers, appointers)),
        ]
        for user in users
    }


def _of_profile(context: QueryContext, user: Record) -> Answers:
    settings, actor = context.settings, context.actor
    update = rules.refuse_update_of_user(actor, user.id, of_rights=False)
    return [
        (SubjectAction.UPDATE, update),
        (SubjectAction.RENAME, update or rules.refuse_renaming(settings, actor)),
        (
            SubjectAction.CHANGE_ROLES,
            rules.refuse_update_of_user(actor, user.id, of_rights=True),
        ),
        (
            SubjectAction.CREATE_TOKEN,
            rules.refuse_token_of(actor, user.id, service=user.service),
        ),
    ]


def _activate(context: QueryContext, user: Record, held: frozenset[Permission]) -> Refusal | None:
    refusal = rules.refuse_update_of_user(context.actor, user.id, of_rights=True)
    if refusal is not None or user.active:
        return refusal
    return refuse_grant(context.actor, held, held, "active")


def _deactivate(
    context: QueryContext,
    user: Record,
    managers: frozenset[UUID],
    appointers: frozenset[UUID],
) -> Refusal | None:
    return rules.refuse_update_of_user(
        context.actor, user.id, of_rights=True
    ) or rules.refuse_leaderless(
        has_manager=bool(managers - {user.id}),
        had_appointer=bool(appointers),
        has_appointer=bool(appointers - {user.id}),
    )


def _people_with_all(context: QueryContext, permissions: Collection[Permission]) -> frozenset[UUID]:
    """Return two of the active people who hold these permissions, or all if there are fewer.

    With two of them, one stays whoever is deactivated.
    """
    query = loading.users_with_all(permissions)
    query = query.where(t.users.c.account_id == context.account_id, ~t.users.c.service)
    return frozenset(context.connection.execute(query.limit(2)).scalars())


def of_tokens(context: QueryContext, tokens: Collection[Record]) -> dict[UUID, Answers]:
    """Return what the viewer may do with each API token."""
    own = Permission.MANAGE_OWN_TOKENS
    return {
        token.id: [
            (
                SubjectAction.REVOKE,
                rules.refuse_foreign(context.actor, token.user_id, "token", own),
            )
        ]
        for token in tokens
    }


def of_trusted_issuers(context: QueryContext, issuers: Collection[Record]) -> dict[UUID, Answers]:
    """Return what the viewer may do with each trusted issuer."""
    manage = missing_permission(context.actor, Permission.MANAGE_USERS)
    return {
        issuer.id: [(SubjectAction.UPDATE, manage), (SubjectAction.DELETE, manage)]
        for issuer in issuers
    }


def of_pipeline_rules(context: QueryContext, rules_: Collection[Record]) -> dict[UUID, Answers]:
    """Return what the viewer may do with each rule about pipelines.

    Whoever changes one grants what it grants, whatever is changed.
    """
    manage = missing_permission(context.actor, Permission.MANAGE_USERS)
    return {
        rule.id: [
            (
                SubjectAction.UPDATE,
                manage
                or refuse_scopes(context.actor, frozenset(pipelines.scopes_of(rule)), own=False),
            ),
            (SubjectAction.DELETE, manage),
        ]
        for rule in rules_
    }
