"""The persistence of the engine: tables, locks, the unit of work, the ledger."""
