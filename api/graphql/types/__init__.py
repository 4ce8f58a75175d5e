"""The schema's types: plain attributes, filled ahead by `prefetch`."""
