"""`countersign keys import`: a keypair of a private key in a file on the server's machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from api.cli.accounts import account_called
from api.cli.init_answers import password_in
from api.cli.running import exit_with_refusal, load_settings
from engine.commands.keys.existing_keypairs import (
    ImportKeypair,
    import_keypair_as_operator,
)
from engine.model.algorithms import KeypairAlgorithm
from engine.model.errors import Code, Refusal
from engine.model.vocabulary import KeypairAccess, ReleaseType
from engine.signers.private_keys import MAX_FILE_BYTES, PrivateKeyFile

KeyFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="The private key: PEM (PKCS#8) or PKCS#12.")
]
Alias = Annotated[str, typer.Option(help="The name of the keypair.")]
Type = Annotated[ReleaseType, typer.Option(help="The type of release that can hold it.")]
Algorithm = Annotated[KeypairAlgorithm, typer.Option(help="The algorithm of the key.")]
Access = Annotated[
    KeypairAccess, typer.Option(help="RESTRICTED: nobody may use it until users are assigned.")
]
Backend = Annotated[str, typer.Option(metavar="SIGNER", help="The signer that is to hold it.")]
Account = Annotated[
    str | None, typer.Option(help="The account's name. Without: the only account there is.")
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="A file with the passphrase; - reads a line of input."),
]

#: Who may use the keypair when it has been made, and what has to be done before.
_NEXT_STEPS = {
    KeypairAccess.RESTRICTED: (
        "Nobody may use it yet. Assign people on its page in the dashboard, or with the mutation"
        " `updateKeypair`; where teams are enabled, a team of theirs has to have it, too."
    ),
    KeypairAccess.OPEN: "Where teams are enabled, nobody may use it before a team has it.",
}


@exit_with_refusal
def import_key(
    file: KeyFile,
    alias: Alias,
    type: Type,  # noqa: A002 - the name of the option
    algorithm: Algorithm,
    access: Access = KeypairAccess.RESTRICTED,
    backend: Backend = "local",
    account: Account = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make a keypair of a private key in a file, which is not changed: delete it afterwards.

    The key signs once to show that it works. The ledger names the operator.
    """
    from api.bootstrap import build_system
    from api.runtime.startup_checks import open_database, require_current

    settings = load_settings()
    command = ImportKeypair(
        alias=alias,
        type=type,
        algorithm=algorithm,
        access=access,
        backend=backend,
        private_key_file=_read(file, passphrase_file),
    )
    database = open_database(settings)
    require_current(database)
    with database.reading() as connection:
        account_id = account_called(connection, account)
    import_keypair_as_operator(build_system(settings, database), account_id, command)
    print(f"{alias} is a keypair in the signer {backend} now. Delete {file}: nothing needs it.")
    print(_NEXT_STEPS[access])


def _read(file: Path, passphrase_file: Path | None) -> PrivateKeyFile:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise Refusal(Code.NOT_FOUND, f"{file} cannot be read: {error.strerror}.") from error
    passphrase = _passphrase(passphrase_file)
    secret = passphrase.get_secret_value().encode() if passphrase is not None else None
    return PrivateKeyFile(content, secret)


def _passphrase(file: Path | None) -> SecretStr | None:
    if file == Path("-"):
        return SecretStr(sys.stdin.readline().rstrip("\r\n"))
    return password_in(file)
