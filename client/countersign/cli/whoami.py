"""`countersign whoami`: who is signed in, and what they may."""

from __future__ import annotations

import typer

from countersign.cli.output import JsonFields, chosen, print_json, print_pairs

app = typer.Typer(add_completion=False)


@app.command("whoami")
def whoami(fields: JsonFields = None) -> None:
    """Show who is signed in to which server, and what they may."""
    from countersign.connection.connect import connect
    from countersign.operations.viewer import VIEWER

    with connect() as connection:
        viewer = connection.run(VIEWER)["viewer"]
        row = {
            "server": connection.server,
            "credential": connection.credentials.current().source,
            "user": viewer["user"],
            "account": viewer["account"],
            "permissions": viewer["permissions"],
        }
    if fields is not None:
        print_json(chosen(row, fields))
        return
    print_pairs(
        [
            ("user", f"{viewer['user']['name']} <{viewer['user']['email']}>"),
            ("account", viewer["account"]["name"]),
            ("server", row["server"]),
            ("signed in by", row["credential"]),
            ("permissions", ", ".join(row["permissions"])),
        ]
    )
