"""Who is told what of an event, as rows queued in the transaction of the event."""
