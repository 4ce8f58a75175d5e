"""Which secret a request carries: looked for in a fixed order, and never on the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from countersign.connection.pipelines import (
    IDENTITY_VARIABLES,
    forget_pipeline_token,
    pipeline_token,
)
from countersign.connection.settings import Settings
from countersign.connection.stored_logins import stored_login
from countersign.errors import NotSignedInError

#: Variables that have a credential, or lead to one.
CREDENTIAL_VARIABLES = IDENTITY_VARIABLES | {"COUNTERSIGN_TOKEN", "COUNTERSIGN_TOKEN_FILE"}


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret, and where it comes from."""

    secret: str = field(repr=False)
    #: For people, such as `COUNTERSIGN_TOKEN`.
    source: str
    #: What to say to a person when the server does not accept it.
    rejection: str

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Replace the server's refusal of this credential: people send no headers themselves.

        Raises:
            NotSignedInError: The server did not accept it.
        """
        try:
            yield
        except NotSignedInError as error:
            raise NotSignedInError(self.rejection) from error


class Credentials:
    """The credential for a server, looked up when it is first needed."""

    def __init__(self, environ: Mapping[str, str], settings: Settings) -> None:
        self._environ = environ
        self._settings = settings
        self._current: Credential | None = None

    def current(self) -> Credential:
        """Return the credential that requests carry.

        Raises:
            NotSignedInError: There is none.
        """
        if self._current is None:
            self._current = self._look_up()
        return self._current

    def renew(self, rejected: Credential) -> bool:
        """Look for another credential than the one that the server rejected; tell if there is one.

        A token file may have been written anew, and a pipeline's token is exchanged anew.
        """
        if rejected.source == _PIPELINE:
            forget_pipeline_token(self._environ, self._settings)
        self._current = self._look_up()
        return self._current.secret != rejected.secret

    def _look_up(self) -> Credential:
        for source in _SOURCES:
            credential = source(self._environ, self._settings)
            if credential is not None:
                return credential
        raise NotSignedInError(
            f"Nobody is signed in to {self._settings.server}."
            " Run `countersign login`, or set COUNTERSIGN_TOKEN."
        )


_PIPELINE = "the job's identity"
_NOT_ACCEPTED = "is unknown, expired or revoked."
_ANOTHER_ONE = "another one, which `countersign client token create` makes"


def _variable(environ: Mapping[str, str], _settings: Settings) -> Credential | None:
    secret = environ.get("COUNTERSIGN_TOKEN", "").strip()
    rejection = (
        f"The token in COUNTERSIGN_TOKEN {_NOT_ACCEPTED} Set {_ANOTHER_ONE},"
        " or unset it and sign in with `countersign login`."
    )
    return Credential(secret, "COUNTERSIGN_TOKEN", rejection) if secret else None


def _token_file(environ: Mapping[str, str], _settings: Settings) -> Credential | None:
    name = environ.get("COUNTERSIGN_TOKEN_FILE")
    if not name:
        return None
    try:
        secret = Path(name).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise NotSignedInError(f"COUNTERSIGN_TOKEN_FILE cannot be read: {error}.") from error
    rejection = (
        f"The token in {name}, which COUNTERSIGN_TOKEN_FILE names, {_NOT_ACCEPTED}"
        f" Write {_ANOTHER_ONE}."
    )
    return Credential(secret, name, rejection)


def _pipeline(environ: Mapping[str, str], settings: Settings) -> Credential | None:
    token = pipeline_token(environ, settings)
    rejection = (
        f"The token that this job got by the rule of COUNTERSIGN_RULE {_NOT_ACCEPTED}"
        " Ask an administrator whether the rule and its service user are still in use."
    )
    return Credential(token.secret, _PIPELINE, rejection) if token is not None else None


def _login(environ: Mapping[str, str], settings: Settings) -> Credential | None:
    secret = stored_login(environ, settings.server)
    rejection = (
        f"The session of `countersign login` at {settings.server} has ended."
        " Sign in again with `countersign login`."
    )
    return Credential(secret, "countersign login", rejection) if secret else None


#: In this order: what is said for this command alone goes before what is kept.
_SOURCES: tuple[Callable[[Mapping[str, str], Settings], Credential | None], ...] = (
    _variable,
    _token_file,
    _pipeline,
    _login,
)
