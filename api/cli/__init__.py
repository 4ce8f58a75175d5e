"""The command line `countersign`."""
