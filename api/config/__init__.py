"""Settings: their fields, rules, warnings and documentation."""
