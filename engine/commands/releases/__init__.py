"""What people do with releases: one verb, one module."""
