"""Maintenance that the worker or an operator runs: due transitions, sealed keys."""
