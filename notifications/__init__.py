"""Messages to people and webhooks: outbox, relay, channels, and links to decide."""
