"""From an event loop to threads: knows no release."""
