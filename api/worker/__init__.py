"""The periodic work of a process: relay, reminders, retention, transitions that are due."""
