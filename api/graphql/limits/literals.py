"""Values written into a document that cannot be: what stands in variables is checked as JSON."""

from __future__ import annotations

from graphql import IntValueNode, Node

from api.graphql.limits.errors import exceeded

#: Digits of an integer; none that is meant has more, and Python refuses to read 4,301.
DIGITS = 100


def check_literal(node: Node) -> None:
    """Refuse integers without end."""
    if isinstance(node, IntValueNode) and digits_of(node.value) > DIGITS:
        raise exceeded("digits", DIGITS, digits_of(node.value), "Too long an integer, in digits")


def digits_of(integer: str) -> int:
    """How many it has, its sign being none."""
    return len(integer.removeprefix("-"))
