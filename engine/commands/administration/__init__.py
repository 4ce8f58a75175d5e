"""Account, users, roles, teams, pipeline rules and trusted issuers."""
