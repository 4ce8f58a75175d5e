"""`countersign keys`: whether sealed keys open, sealing them anew, and keys from files."""

from __future__ import annotations

import typer

from api.cli.key_import import import_key
from api.cli.running import exit_with_refusal, load_settings
from engine.commands.maintenance.reseal_keypairs import (
    UnopenedKeypair,
    reseal_keypairs,
    unopened_keypairs,
)
from engine.commands.maintenance.unused_keys import UnusedKey, unused_keys
from engine.model.wording import counted
from engine.persistence.store.maintenance.sealed_keypairs import master_keys_in_use
from engine.signers.base import SignerContext
from engine.signers.keyring import Keyring
from engine.signers.loading import load_signers

app = typer.Typer(
    no_args_is_help=True,
    help="Private keys: whether sealed ones open, new master keys, and keys from files.",
)
app.command("import")(import_key)


@app.command("check")
@exit_with_refusal
def check() -> None:
    """Open every sealed private key, and look for keys in HSMs and KMS that no keypair uses.

    Exits with 1 and names those that do not open, and those that are not used.
    """
    from api.bootstrap import signer_options
    from api.runtime.startup_checks import open_database, require_current

    settings = load_settings()
    keyring = Keyring.parse(settings.master_key.get_secret_value())
    database = open_database(settings)
    require_current(database)
    with database.reading() as connection:
        in_use = master_keys_in_use(connection)
    for key_id in sorted(in_use):
        print(f"{counted(in_use[key_id], 'keypair')} under {key_id}: {_role(keyring, key_id)}.")
    _exit_if_unopened(unopened_keypairs(database, keyring))
    print(f"{keyring.sealing_key_id} seals. Every sealed key opens.")
    signers = load_signers(SignerContext(keyring, signer_options(settings)))
    _exit_if_unused(unused_keys(database, signers.values()))


@app.command("reseal")
@exit_with_refusal
def reseal() -> None:
    """Seal every private key under the first key of COUNTERSIGN_MASTER_KEY.

    Set COUNTERSIGN_MASTER_KEY=NEW,OLD for every process first, restart them, and run this while
    they serve. It can be interrupted and run again. When it is done, OLD can be taken away.
    """
    from api.bootstrap import build_system
    from api.runtime.startup_checks import open_database, require_current

    settings = load_settings()
    database = open_database(settings)
    require_current(database)
    keyring = Keyring.parse(settings.master_key.get_secret_value())
    result = reseal_keypairs(build_system(settings, database), keyring)
    print(f"{counted(result.resealed, 'keypair')} sealed anew under {keyring.sealing_key_id}.")
    _exit_if_unopened(result.unopened)
    print("Every sealed key is under the first master key. The others can be taken away.")


def _role(keyring: Keyring, key_id: str) -> str:
    if key_id == keyring.sealing_key_id:
        return "the master key that seals"
    if key_id in keyring.key_ids:
        return "an older master key, to be kept until `countersign keys reseal` has run"
    return "not configured"


def _exit_if_unopened(unopened: tuple[UnopenedKeypair, ...]) -> None:
    if not unopened:
        return
    for keypair in unopened:
        print(f"The key of {keypair.alias} in {keypair.account_name}: {keypair.reason}")
    print(f"{counted(len(unopened), 'key')} could not be opened. Nothing of them was changed.")
    raise typer.Exit(1)


def _exit_if_unused(unused: tuple[UnusedKey, ...]) -> None:
    if not unused:
        return
    for key in unused:
        print(
            f"The signer {key.signer} holds a key of the account {key.account_name} that no keypair"
            f" uses. If no keypair is being created now, {key.removal}."
        )
    raise typer.Exit(1)
