"""The token endpoint of OAuth 2.0, by which programs get tokens without a stored secret."""
