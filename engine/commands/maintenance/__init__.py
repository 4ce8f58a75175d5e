"""What the service does by itself, or an operator with it."""
