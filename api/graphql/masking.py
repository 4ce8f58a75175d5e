"""Bugs, as opposed to refusals, are masked for the caller and logged under an id."""

from __future__ import annotations

import traceback
from typing import Any

import structlog
from graphql import GraphQLError

from api.observability.redaction import without_secrets
from engine.logs.log_throttle import LogThrottle
from engine.model.errors import Refusal
from engine.persistence.db.sql import is_statement_error

log = structlog.get_logger("countersign.graphql")

_bugs = LogThrottle()


def mask_bugs(errors: list[GraphQLError]) -> list[GraphQLError]:
    """Return the errors as the caller may see them."""
    return [_masked(error) if is_bug(error) else error for error in errors]


def masked(bug: Exception, **where: Any) -> GraphQLError:
    """A bug as the caller may see it; `where`: the nodes and the path of the query, if known."""
    id_ = note(bug, where.get("path"))
    return GraphQLError(apology(id_), **where, extensions={"code": "BUG", "id": id_})


def is_bug(error: GraphQLError) -> bool:
    """Tell whether an error is neither a refusal nor a fault of the query."""
    original = error.original_error
    return original is not None and not isinstance(original, (Refusal, GraphQLError))


def _masked(error: GraphQLError) -> GraphQLError:
    assert error.original_error is not None
    return masked(error.original_error, nodes=error.nodes, path=error.path)


def apology(id_: str) -> str:
    """Return all that a caller learns of a bug."""
    return f"Something went wrong on our side. Tell your operator the id {id_}."


def note(bug: BaseException, path: object = None) -> str:
    """Log a bug, at a limited rate for each kind, and return its id in the log."""
    frames = [
        f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(bug.__traceback__)[-12:]
    ]
    id_, untold = _bugs.admit((type(bug).__qualname__, *frames[-1:]))
    if untold is not None:
        description = " <- ".join(map(_described, _causes(bug)))
        log.error("bug", id=id_, path=path, error=description, frames=frames, not_logged=untold)
    return id_


def _causes(bug: BaseException) -> list[BaseException]:
    """The bug and what it came from; an exception can be its own cause."""
    causes, cause = [bug], bug.__cause__
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__
    return causes


def _described(bug: BaseException) -> str:
    """Type and message; neither SQL with its values nor secrets."""
    # First without secrets, then cut: half a secret no longer looks like one.
    message = "" if is_statement_error(bug) else without_secrets(str(bug))
    text = message.partition("\n")[0][:200]
    return f"{type(bug).__module__}.{type(bug).__qualname__}: {text}"
