"""Claims queued messages, hands them to channels and records the result of each."""
