"""Webhooks: an account's own programs, told of its ledger as it grows."""
