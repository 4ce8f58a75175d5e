"""Endpoints of OAuth 2.0, by which programs get tokens and sessions without a stored secret."""
