"""What the page behind the link in a mail shows, and the decision taken on it."""
