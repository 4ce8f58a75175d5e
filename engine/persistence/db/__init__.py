"""The database as a tool: connections, types, statements; it knows nothing of releases."""
