"""What can be followed."""
