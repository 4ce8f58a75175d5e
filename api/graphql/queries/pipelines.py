"""The issuers that the account trusts, and its rules about pipelines."""

from __future__ import annotations

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import from_global
from api.graphql.resolvers import run_query
from api.graphql.selection import Selection
from api.graphql.types.arguments import After, Before, ByName, First, Last
from api.graphql.types.enums import Direction
from api.graphql.types.node import Connection, Edge, connect
from api.graphql.types.pipeline import PipelineRule, TrustedIssuer
from engine.persistence.db.pagination import PageArgs
from engine.queries import pipelines, records
from engine.queries.records import RecordKind


@strawberry.input(description="Conditions on rules about pipelines, all of which must hold.")
class PipelineRuleFilter:
    issuer_id: strawberry.ID | None = strawberry.field(
        default=None, description="The rule is about tokens of this issuer."
    )
    user_id: strawberry.ID | None = strawberry.field(
        default=None, description="Pipelines act as this service user by the rule."
    )

    def to_filter(self) -> pipelines.RuleFilter:
        """Return the engine's form of the conditions; refuses NOT_FOUND for malformed ids."""
        issuer, user = self.issuer_id, self.user_id
        return pipelines.RuleFilter(
            issuer_id=(
                from_global(issuer, "TrustedIssuer", "filter", "issuerId") if issuer else None
            ),
            user_id=from_global(user, "User", "filter", "userId") if user else None,
        )


@strawberry.type
class PipelineQueries:
    @strawberry.field(
        description="Returns the issuers that the account trusts, sorted by name in the given"
        " direction, for callers with MANAGE_USERS."
    )
    async def trusted_issuers(
        self,
        info: Info,
        direction: ByName = Direction.ASC,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[TrustedIssuer]:
        args = PageArgs(first, after, last, before)
        return await run_query(info, _issuers, args, direction)

    @strawberry.field(
        description="Returns the account's rules about pipelines, sorted by name in the given"
        " direction, for callers with MANAGE_USERS."
    )
    async def pipeline_rules(
        self,
        info: Info,
        filter: PipelineRuleFilter | None = None,
        direction: ByName = Direction.ASC,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[PipelineRule]:
        args = PageArgs(first, after, last, before)
        return await run_query(info, _rules, filter or PipelineRuleFilter(), args, direction)


def _issuers(
    cache: EntityCache, selection: Selection, args: PageArgs, direction: Direction
) -> Connection[TrustedIssuer]:
    reading, kind = cache.reading, RecordKind.TRUSTED_ISSUER
    pipelines.require_manager(reading)
    page = records.find(reading, kind, args, descending=direction is Direction.DESC)
    total = records.count(reading, kind) if "totalCount" in selection else None
    issuers = cache.put_records(TrustedIssuer, page.items)
    return connect(Connection[TrustedIssuer], Edge[TrustedIssuer], issuers, page, total)


def _rules(
    cache: EntityCache,
    selection: Selection,
    filter: PipelineRuleFilter,
    args: PageArgs,
    direction: Direction,
) -> Connection[PipelineRule]:
    reading, kind, conditions = cache.reading, RecordKind.PIPELINE_RULE, filter.to_filter()
    pipelines.require_manager(reading)
    descending = direction is Direction.DESC
    page = records.find(reading, kind, args, conditions, descending=descending)
    total = records.count(reading, kind, conditions) if "totalCount" in selection else None
    rules = cache.put_records(PipelineRule, page.items)
    return connect(Connection[PipelineRule], Edge[PipelineRule], rules, page, total)
