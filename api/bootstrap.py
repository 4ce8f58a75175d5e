"""The composition root: a running system out of settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.routing import BaseRoute

from api.email_actions import email_action_routes
from api.news import News
from api.runtime import Runtime
from api.settings import Settings
from engine.commands.remember_master_key import remember_master_key
from engine.keyring import Keyring
from engine.persistence.database import Database
from engine.persistence.executor import Executor
from engine.persistence.migrate import is_current
from engine.persistence.signals import Listener, Notifier
from engine.signers.base import SignerContext, load_signers
from engine.signing.gate import SigningGate
from engine.system import System, Waker
from notifications.channels.smtp import SmtpChannel
from notifications.keys import ACTION_LINKS, derive
from notifications.messages import Writer
from notifications.outbox import Outbox
from notifications.relay import Relay
from notifications.wakeup import Wakeup

#: The purpose of the key that printed heads of the ledger are sealed with.
LEDGER_HEADS = "ledger-heads"


class NotReadyError(Exception):
    """The service cannot start; the message says what to do."""


def open_database(settings: Settings) -> Database:
    """The database of the settings."""
    return Database(settings.database_url.get_secret_value(), pool_size=settings.pool_size)


def require_current(database: Database) -> None:
    """The schema is there, or NotReadyError."""
    with database.reading() as connection:
        if not is_current(connection):
            raise NotReadyError(
                "The database lacks this version's tables. Run `countersign migrate`."
            )


def build_system(settings: Settings, database: Database, *wakers: Waker) -> System:
    """The engine with its signers and its outbox; refuses a wrong master key."""
    keyring = Keyring.parse(settings.master_key.get_secret_value())
    remember_master_key(database, keyring)
    return System(
        database=database,
        signers=load_signers(SignerContext(keyring, signer_options(settings))),
        listeners=(Outbox(link_key(settings)),),
        wakers=wakers,
        reservation_seconds=settings.reservation_seconds,
    )


def build_runtime(settings: Settings) -> Runtime:
    """Everything the faces need, over a database that is up to date."""
    database = open_database(settings)
    require_current(database)
    news, outbox = News(), Wakeup()
    notifier = None if database.is_sqlite else Notifier(database.url)
    others: tuple[Waker, ...] = (notifier,) if notifier is not None else ()
    system = build_system(settings, database, news, outbox, *others)
    executor = Executor(database, threads=settings.pool_size)
    return Runtime(system, executor, SigningGate(system, executor), news, outbox, notifier)


@contextmanager
def connected(runtime: Runtime) -> Iterator[None]:
    """Hears of other processes' commits while the block lasts, and lets go of everything after."""
    database = runtime.system.database
    listener = None if database.is_sqlite else Listener(database.url, runtime.heard)
    try:
        yield
    finally:
        if listener is not None:
            listener.close()
        runtime.executor.shutdown()
        if runtime.notifier is not None:
            runtime.notifier.close()
        database.dispose()


def build_relay(settings: Settings, runtime: Runtime) -> Relay:
    """What takes messages from the outbox to the mail server."""
    channel = SmtpChannel(settings.smtp_url.get_secret_value(), settings.mail_from)
    writer = Writer(settings.public_url)
    return Relay(runtime.system, channel, writer, link_key(settings), settings.public_url)


def email_routes(settings: Settings, runtime: Runtime) -> list[BaseRoute]:
    """The pages behind the links in mails."""
    return email_action_routes(runtime.system, link_key(settings), settings.public_url)


def link_key(settings: Settings) -> bytes:
    """What action links are made with."""
    return derive(settings.secret_key.get_secret_value(), ACTION_LINKS)


def ledger_key(settings: Settings) -> bytes:
    """What printed heads of the ledger are sealed with."""
    return derive(settings.secret_key.get_secret_value(), LEDGER_HEADS)


def signer_options(settings: Settings) -> dict[str, str]:
    """The options that signer backends look for, as far as they are set."""
    told = {
        "pkcs11_module": settings.pkcs11_module,
        "pkcs11_token": settings.pkcs11_token,
        "pkcs11_pin": settings.pkcs11_pin.get_secret_value() if settings.pkcs11_pin else None,
    }
    return {name: value for name, value in told.items() if value is not None}
