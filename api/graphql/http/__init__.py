"""GraphQL over HTTP, to the letter: what a request may look like, and how it is answered."""
