"""Values written into a document that cannot be: what stands in variables is checked as JSON."""

from __future__ import annotations

from graphql import GraphQLError, IntValueNode, Node

#: Digits of an integer; none that is meant has more, and Python refuses to read 4,301.
DIGITS = 100


def check_literal(node: Node) -> None:
    """Refuse integers without end."""
    if isinstance(node, IntValueNode) and len(node.value) > DIGITS:
        message = f"An integer of {len(node.value)} digits is too large."
        raise GraphQLError(message, node, extensions={"code": "VALIDATION_FAILED"})
