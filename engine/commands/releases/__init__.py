"""The commands on releases, a module for each."""
