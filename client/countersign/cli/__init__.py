"""The verbs: each module has a Typer application `app` with the verb of its name."""
