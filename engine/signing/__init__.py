"""The signing gate: reserve (transaction) -> make -> settle (transaction); spec section 5."""
