"""Signing: reserve (a transaction), sign, settle (a transaction); spec section 5."""
