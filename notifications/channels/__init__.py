"""Channels of messages: each is a class that implements the protocol in `base`."""
