"""Queues messages about events as rows, in the transaction of each event."""
