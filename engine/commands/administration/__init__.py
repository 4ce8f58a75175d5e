"""Account, users, roles, teams and keypairs."""
