"""The settings by subject: a class of fields for each, of which `Settings` is made."""
