"""Releases and what they name: looking them up, and waiting for them."""
