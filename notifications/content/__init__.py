"""Messages: texts in every language, templates, instants, calendar files."""
