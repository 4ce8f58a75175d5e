"""The parts of a running process, and the one way from an event loop to the engine."""
