"""Work that is repeated: reminders, notices, orphaned deliveries, reports, retention."""
