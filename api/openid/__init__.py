"""OpenID Connect issuers: their published documents, and the signatures of their tokens."""
