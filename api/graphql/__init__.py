"""The GraphQL API: types, queries and mutations that translate between clients and the engine."""
