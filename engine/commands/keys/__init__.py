"""Keypairs: their keys, their certificates, and what they sign about themselves."""
