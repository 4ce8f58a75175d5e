"""The database as a tool: knows no release."""
