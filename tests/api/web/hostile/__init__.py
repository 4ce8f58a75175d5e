"""Requests that no client of ours sends, against every route but GraphQL's own."""
