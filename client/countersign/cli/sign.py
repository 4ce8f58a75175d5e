"""`countersign sign`: sign files, and say so only of verified signatures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from countersign.cli.waiting import Wait, WaitingCommand
from countersign.signing.names import DigestName, FormName

app = typer.Typer(add_completion=False)


@app.command("sign", cls=WaitingCommand)
def sign(
    files: Annotated[list[Path], typer.Argument(help="The files to sign.", metavar="FILE...")],
    key: Annotated[str, typer.Option(help="The alias or id of the keypair.")],
    release: Annotated[
        str | None,
        typer.Option(help="The name or id of the release that each signature must count toward."),
    ] = None,
    wait: Wait = None,
    form: Annotated[
        FormName, typer.Option("--format", case_sensitive=False, help="The form of the signatures.")
    ] = FormName.RAW,
    digest: Annotated[
        DigestName | None,
        typer.Option(
            case_sensitive=False,
            help="The hash function. If left out, SHA-256, or for ECDSA that of the curve's size.",
        ),
    ] = None,
    namespace: Annotated[
        str, typer.Option(help="With --format sshsig, what the signatures are for.")
    ] = "file",
    out: Annotated[
        Path | None,
        typer.Option(help="A folder for the signatures; beside each file if left out."),
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(help="A file that lists all files with digests and signatures, as JSON."),
    ] = None,
    atomic: Annotated[
        bool, typer.Option("--atomic", help="Make all signatures or none; up to 1,000.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say whether it would sign, and sign nothing.")
    ] = False,
    context: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=TEXT", help="About the build, kept with each signature."),
    ] = None,
) -> None:
    """Sign files. Their digests are sent, the files are not.

    Ends with 0 only if every file has a verified signature. The same command again uses no
    signature twice: files that were signed get the signature that they had.
    """
    from countersign.cli.runs.sign import SignOptions, run

    run(
        SignOptions(
            files=files,
            key=key,
            release=release,
            wait=wait,
            form=form,
            digest=digest,
            namespace=namespace,
            out=out,
            manifest=manifest,
            is_atomic=atomic,
            is_dry_run=dry_run,
            context=context or [],
        )
    )
