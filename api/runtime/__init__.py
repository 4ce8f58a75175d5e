"""What a running process is made of, and the one way from an event loop to the engine."""
