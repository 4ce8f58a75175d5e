"""Loaders for the fields of rules about pipelines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from api.graphql.entity_cache import EntityCache
from api.graphql.prefetch import loads
from api.graphql.selection import FieldCall
from api.graphql.types.keypair import Keypair
from api.graphql.types.people import User
from api.graphql.types.pipeline import PipelineRule, TrustedIssuer
from engine.queries import pipelines


@loads(PipelineRule, "issuer")
def rule_issuer(
    cache: EntityCache, rules: Sequence[PipelineRule], call: FieldCall
) -> Iterable[TrustedIssuer]:
    issuers = cache.trusted_issuers({rule.source.issuer_id for rule in rules})
    for rule in rules:
        rule.issuer = issuers[rule.source.issuer_id]
    return issuers.values()


@loads(PipelineRule, "user")
def rule_user(cache: EntityCache, rules: Sequence[PipelineRule], call: FieldCall) -> Iterable[User]:
    users = cache.users({rule.source.user_id for rule in rules})
    for rule in rules:
        rule.user = users[rule.source.user_id]
    return users.values()


@loads(PipelineRule, "keypairs")
def rule_keypairs(
    cache: EntityCache, rules: Sequence[PipelineRule], call: FieldCall
) -> Iterable[Keypair]:
    ids = {id_ for rule in rules for id_ in pipelines.keypairs_of(rule.source)}
    keypairs = cache.keypairs(ids)
    for rule in rules:
        named = (keypairs[id_] for id_ in pipelines.keypairs_of(rule.source))
        rule.keypairs = sorted(named, key=lambda keypair: keypair.alias)
    return keypairs.values()


@loads(PipelineRule, "warnings")
def rule_warnings(
    cache: EntityCache, rules: Sequence[PipelineRule], call: FieldCall
) -> Iterable[Any]:
    issuers = cache.trusted_issuers({rule.source.issuer_id for rule in rules})
    for rule in rules:
        issuer = issuers[rule.source.issuer_id].source
        rule.warnings = pipelines.warnings_about(rule.source, issuer)
    return ()
