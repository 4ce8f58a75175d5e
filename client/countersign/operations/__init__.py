"""The GraphQL operations of the client; a test validates each one against the server's schema."""
