"""Where the engine keeps things: tables, locks, the unit of work, the ledger."""
