"""Rows of the account: what the commands on its settings, people and keypairs read and write."""
