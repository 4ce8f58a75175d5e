"""`countersign verify`: verify signatures, without a server where a public key is at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from countersign.signing.names import DigestName, FormName

app = typer.Typer(add_completion=False)


@app.command("verify")
def verify(
    files: Annotated[
        list[Path] | None, typer.Argument(help="The files that were signed.", metavar="FILE...")
    ] = None,
    public_key: Annotated[
        Path | None,
        typer.Option(help="A file with the public key or certificate; no server is asked then."),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The alias or id of the keypair, for the server to say.")
    ] = None,
    signature: Annotated[
        Path | None,
        typer.Option(help="The signature of the one file; FILE.sig beside it if left out."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder of the signatures, as `sign --out` had it.")
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option(help="The manifest of `sign --manifest`, with the signatures.")
    ] = None,
    form: Annotated[
        FormName, typer.Option("--format", case_sensitive=False, help="The form of the signatures.")
    ] = FormName.RAW,
    digest: Annotated[
        DigestName | None,
        typer.Option(case_sensitive=False, help="The hash function, as `sign --digest` had it."),
    ] = None,
    namespace: Annotated[
        str, typer.Option(help="With --format sshsig, what the signatures are for.")
    ] = "file",
) -> None:
    """Verify the signatures of files. Ends with 0 only if every one is valid."""
    from countersign.cli.runs.verify import VerifyOptions, run

    run(
        VerifyOptions(
            files=files or [],
            public_key=public_key,
            key=key,
            signature=signature,
            out=out,
            manifest=manifest,
            form=form,
            digest=digest,
            namespace=namespace,
        )
    )
