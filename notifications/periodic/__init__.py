"""Work that is repeated: reminders, orphaned deliveries, reports, retention."""
