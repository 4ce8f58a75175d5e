"""The GraphQL face: types, queries and mutations that translate, and nothing more."""
