"""Bugs are told apart from refusals: masked for the caller, logged under an id."""

from __future__ import annotations

import secrets

import structlog
from graphql import GraphQLError
from strawberry.extensions import MaskErrors

from engine.errors import Refusal

log = structlog.get_logger("countersign.graphql")


def is_bug(error: GraphQLError) -> bool:
    """Neither a refusal nor a fault of the query."""
    original = error.original_error
    return original is not None and not isinstance(original, (Refusal, GraphQLError))


class MaskBugs(MaskErrors):
    """The caller gets an id that is in the log, and nothing else."""

    def __init__(self) -> None:
        super().__init__(is_bug)

    def anonymise_error(self, error: GraphQLError) -> GraphQLError:
        """Log the whole of it; answer the id."""
        id_ = secrets.token_hex(8)
        log.error("bug", id=id_, path=error.path, exc_info=error.original_error)
        message = f"Something went wrong on our side. Tell your operator the id {id_}."
        return GraphQLError(
            message, nodes=error.nodes, path=error.path, extensions={"code": "BUG", "id": id_}
        )
