"""`countersign`: set up, serve, and look after an installation."""

from __future__ import annotations

import sys
from datetime import timedelta
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Annotated

import typer

from api.cli import keys, ledger
from api.cli.accounts import account_called
from api.cli.doctor import doctor
from api.cli.first_signature import first_signature
from api.cli.init import init
from api.cli.lifetimes import lifetime
from api.cli.mailbox import mailbox
from api.cli.output import AsJson, print_token
from api.cli.running import exit_with_refusal, load_settings
from engine.commands.credentials.api_tokens import create_token_as_operator
from engine.model.vocabulary import Permission

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
tokens = typer.Typer(no_args_is_help=True, help="API tokens, for an operator on the machine.")
app.add_typer(tokens, name="token")
app.add_typer(ledger.app, name="ledger")
app.add_typer(keys.app, name="keys")
app.command("init")(exit_with_refusal(init))
app.command("doctor")(exit_with_refusal(doctor))
app.command("first-signature")(exit_with_refusal(first_signature))
app.command("mailbox")(exit_with_refusal(mailbox))

Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")]


@app.callback(invoke_without_command=True)
def countersign(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, help="Print the version, and end.")
    ] = False,
) -> None:
    """Release approval for code-signing keys."""
    if version:
        print(installed_version("countersign-server"))
        raise typer.Exit


@app.command()
@exit_with_refusal
def migrate() -> None:
    """Bring the database to this version's tables. Does nothing where it is there already."""
    from api.runtime.startup_checks import open_database
    from engine.persistence.store.migrate import migrate as migrate_database

    migrate_database(open_database(load_settings()))
    print("The database is up to date.")


@app.command()
@exit_with_refusal
def backup(
    file: Annotated[Path, typer.Argument(help="The new file to write. It must not exist.")],
) -> None:
    """Copy a SQLite database while it is in use, and check the copy and its ledgers."""
    from api.runtime.startup_checks import open_database, require_current
    from engine.persistence.store.backup import back_up

    database = open_database(load_settings())
    require_current(database)
    backup = back_up(database, file)
    print(
        f"{file}: {backup.bytes} bytes, {backup.accounts} accounts,"
        f" {backup.entries} ledger entries."
    )
    print(
        "The copy is whole and its ledgers hold."
        " Keep the master key in another place than this copy."
    )


@tokens.command("create")
@exit_with_refusal
def token_create(
    user: Annotated[str, typer.Option(help="The user's address.")],
    name: Annotated[str, typer.Option(help="What the token is for.")],
    scope: Annotated[
        list[Permission] | None,
        typer.Option(
            help="Reach no further; repeat it. Without: all but APPROVE_RELEASE and MANAGE_OWN_*."
        ),
    ] = None,
    expires_in: Annotated[
        timedelta | None,
        typer.Option(parser=lifetime, metavar="90d", help="Days, hours (12h) or minutes (30m)."),
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="Where several accounts have the address.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make an API token for a user. Its secret is printed once and stored nowhere."""
    from api.bootstrap import build_system
    from api.runtime.startup_checks import open_database, require_current

    settings = load_settings()
    database = open_database(settings)
    require_current(database)
    if account is not None:
        with database.reading() as connection:
            account_called(connection, account)  # refuses a wrong name, and tells the right ones
    system = build_system(settings, database)
    scopes = frozenset(scope) if scope else None
    account_id, user_id, token = create_token_as_operator(
        system, account, user, name, scopes, expires_in
    )
    print_token(account_id, user_id, token.secret, as_json=as_json)


@app.command()
@exit_with_refusal
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Port = 8000,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Leave the worker to another process.")
    ] = False,
    processes: Annotated[
        int,
        typer.Option(
            min=1, max=64, help="Processes that share the port; the first one has the worker."
        ),
    ] = 1,
) -> None:
    """Serve GraphQL, the e-mail pages and the sign-in; with the worker in the same process."""
    from api.cli.running import serve as run

    run(load_settings(), host, port, worker=not no_worker, processes=processes)


@app.command()
@exit_with_refusal
def worker() -> None:
    """Advance releases and relay messages, beside any number of servers and other workers."""
    from api.cli.running import work

    work(load_settings())


@app.command()
def settings() -> None:
    """Print every setting with its meaning and default, to be filled in as .env."""
    from api.config.settings_docs import example

    print(example(), end="")


@app.command()
def schema(
    federation: Annotated[
        bool, typer.Option("--federation", help="As a subgraph of Apollo Federation 2.")
    ] = False,
) -> None:
    """Print the GraphQL schema."""
    if federation:
        from api.graphql.federation import build_subgraph

        print(build_subgraph().as_str())
    else:
        from api.graphql.schema import schema as built

        print(built.as_str())


@app.command()
@exit_with_refusal
def demo(
    story: Annotated[
        bool, typer.Option("--story", help="Tell the whole main job without hands, then end.")
    ] = False,
    port: Annotated[
        int,
        typer.Option(min=1, max=65534, help="Port of the service; the mailbox takes the next."),
    ] = 8000,
) -> None:
    """A throw-away Countersign with people, keypairs and a mailbox, to try it in."""
    try:
        from api.demo.run import run_demo, run_story
    except ModuleNotFoundError as error:
        print(
            f"countersign: {error.name} is missing. It is part of the extra `demo`.",
            file=sys.stderr,
        )
        raise typer.Exit(2) from error
    sys.exit(run_story() if story else run_demo(port))
