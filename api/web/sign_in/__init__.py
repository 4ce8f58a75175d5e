"""Sign-in of people by mail and OpenID Connect, and their browser sessions."""
