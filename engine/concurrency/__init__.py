"""Runs synchronous calls of an event loop on threads; it knows nothing of releases."""
