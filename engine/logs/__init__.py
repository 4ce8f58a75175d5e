"""Logging helpers: limit how often something is logged, and log exceptions without their text."""
