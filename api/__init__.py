"""The faces: GraphQL, e-mail pages, dashboard assets, command line; the composition root."""
