"""Writing to the log with care: not too often, and no text of foreign exceptions."""
