"""HTTP apart from GraphQL: the pages, and what every request passes."""
