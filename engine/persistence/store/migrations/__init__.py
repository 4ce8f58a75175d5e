"""The schema's history: each file one step, on SQLite and PostgreSQL alike."""
