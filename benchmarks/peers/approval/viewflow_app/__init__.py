"""The application whose flow is measured."""
