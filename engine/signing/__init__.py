"""Signing: decide (a transaction), sign, settle (a transaction); spec section 5."""
