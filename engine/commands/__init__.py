"""The commands: each changes one thing, and says what it locks and what the ledger records."""
