"""Bugs are told apart from refusals: masked for the caller, logged under an id."""

from __future__ import annotations

import re
import secrets
import time
import traceback
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import structlog
from graphql import GraphQLError
from sqlalchemy.exc import StatementError

from engine.errors import Refusal

log = structlog.get_logger("countersign.graphql")

#: A kind of bug is logged once in so many seconds, with how often it was seen meanwhile.
QUIET = 10.0
#: Kinds remembered.
KINDS = 500
#: What must not be in a log even by way of an exception's message.
SECRETS = re.compile(r"csn_[\w-]+|eyJ[\w-]+\.[\w.-]+|(?<=://)[^/\s@]+@|[\w+/-]{40,}=*")


@dataclass(slots=True)
class Seen:
    """A kind of bug: the id it was last logged under, and how often it came since."""

    id: str
    logged_at: float
    since: int = 0


_seen: OrderedDict[tuple[str, ...], Seen] = OrderedDict()


def mask_bugs(errors: list[GraphQLError]) -> list[GraphQLError]:
    """The errors as the caller may see them."""
    return [_masked(error) if is_bug(error) else error for error in errors]


def masked(bug: Exception, **where: Any) -> GraphQLError:
    """A bug as the caller may see it; `where`: the nodes and the path of the query, if known."""
    id_ = note(bug, where.get("path"))
    return GraphQLError(apology(id_), **where, extensions={"code": "BUG", "id": id_})


def is_bug(error: GraphQLError) -> bool:
    """Neither a refusal nor a fault of the query."""
    original = error.original_error
    return original is not None and not isinstance(original, (Refusal, GraphQLError))


def _masked(error: GraphQLError) -> GraphQLError:
    assert error.original_error is not None
    return masked(error.original_error, nodes=error.nodes, path=error.path)


def apology(id_: str) -> str:
    """All that a caller learns of a bug."""
    return f"Something went wrong on our side. Tell your operator the id {id_}."


def note(bug: BaseException, path: object = None) -> str:
    """Log a bug, each kind now and then; the id that the log has for it."""
    frames = [
        f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(bug.__traceback__)[-12:]
    ]
    kind = (type(bug).__qualname__, *frames[-1:])
    now = time.monotonic()
    seen = _seen.pop(kind, None)
    if seen is None or now - seen.logged_at >= QUIET:
        more = seen.since if seen is not None else 0
        seen = Seen(secrets.token_hex(8), now)
        log.error(
            "bug", id=seen.id, path=path, error=_described(bug), frames=frames, not_logged=more
        )
    else:
        seen.since += 1
    _seen[kind] = seen
    while len(_seen) > KINDS:
        _seen.popitem(last=False)
    return seen.id


def _described(bug: BaseException | None) -> str:
    """Types and messages down to the cause; neither SQL with its values nor secrets."""
    told = []
    while bug is not None:
        text = "" if isinstance(bug, StatementError) else str(bug).partition("\n")[0][:200]
        told.append(f"{type(bug).__module__}.{type(bug).__qualname__}: {text}")
        bug = bug.__cause__
    return SECRETS.sub("[hidden]", " <- ".join(told))
