"""Lists of names, to tell what somebody may have meant."""

from countersign.operations.operation import Operation


def names_of(field: str, key: str) -> Operation:
    """Return the operation that lists one member of everything in a list.

    Args:
        field: The list, as the schema calls it.
        key: The member.
    """
    return Operation(
        f"""
        query Names($after: String) {{
          {field}(first: 100, after: $after) {{
            edges {{ node {{ {key} }} }}
            pageInfo {{ endCursor hasNextPage }}
          }}
        }}
        """
    )
