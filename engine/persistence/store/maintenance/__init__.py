"""Rows that maintenance reads and writes in all accounts: what is due, sealed keys."""
