"""`countersign doctor`: whether this machine can sign, and what to mend."""

from __future__ import annotations

import typer

from countersign.cli.output import JsonFields

app = typer.Typer(add_completion=False)


@app.command("doctor")
def doctor(fields: JsonFields = None) -> None:
    """Check settings, server, credential and clock. Ends with the status of the first fault."""
    from countersign.cli.runs.doctor import examine

    examine(fields)
