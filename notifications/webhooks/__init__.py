"""Webhooks: an account's own programs, which are sent its ledger entries."""
