"""Files that programs fetch with a token or a browser's session, beside GraphQL."""
