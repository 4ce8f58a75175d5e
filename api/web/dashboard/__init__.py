"""Serves the dashboard: the page, and the scripts and style sheets that the build wrote."""
