"""Pages that show the mails which were kept in memory or in a folder."""
