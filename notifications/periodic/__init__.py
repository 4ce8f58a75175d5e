"""Work that is repeated: reminders, orphaned deliveries, retention."""
