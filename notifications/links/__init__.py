"""Links that carry a derived secret: to decide about a request, and to sign in."""
