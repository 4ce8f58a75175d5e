"""Tables, and how releases, people and the ledger are read and written."""
