"""What builds the documents: sequence diagrams, generated pages, and the hooks of MkDocs."""
