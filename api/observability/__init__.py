"""Metrics, traces and logs of a running Countersign."""
