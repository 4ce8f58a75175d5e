"""Who is told what, and how it reaches them: outbox, relay, channels, and the approver's link."""
