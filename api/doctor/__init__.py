"""The checks of `countersign doctor`."""
