"""Answers gpg as its agent does, in the protocol Assuan, for signing subkeys of the server.

gpg decides what it signs; the agent is passed a digest. That is safe with a signing subkey alone:
verifiers accept it for data, not for certifications or revocations.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from countersign.agent.gpg.keygrip import keygrip
from countersign.agent.gpg.sexp import public_key_expression, signature_expression
from countersign.agent.notices import Notify
from countersign.agent.signing_keys import AgentKey, DigestAlgorithm, KeySigner, Scheme
from countersign.errors import ClientError
from countersign.signing.openpgp.signatures import DIGEST_NAMES

#: How long a line may be, and how many bytes of data one carries, each of which may become three.
MAX_LINE_BYTES = 1000
DATA_LINE_BYTES = 300
#: What gpg asks the version for: whether the agent is too old.
VERSION = b"2.2.40"
HASHES = {number: DigestAlgorithm(name.upper()) for number, name in DIGEST_NAMES.items()}
OFFERED_SCHEMES = frozenset({Scheme.ECDSA, Scheme.ED25519, Scheme.RSA_PKCS1})
KEYGRIP_HEX_DIGITS = 40


class AssuanError(Exception):
    """A command fails with an error of libgpg-error, as gpg-agent reports it.

    Args:
        code: The number of the error.
        text: What it says.
    """

    _AGENT = 4 << 24  # the source of the error: gpg-agent

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.line = f"ERR {self._AGENT | code} {text} <Countersign>".encode()


def _no_secret_key() -> AssuanError:
    return AssuanError(17, "No secret key")


def _bad_argument() -> AssuanError:
    return AssuanError(280, "Syntax error")


def data_lines(content: bytes) -> list[bytes]:
    """Return lines that carry data, with their special characters escaped."""
    return [
        b"D " + b"".join(_escaped(byte) for byte in content[start : start + DATA_LINE_BYTES])
        for start in range(0, len(content), DATA_LINE_BYTES)
    ]


def _escaped(byte: int) -> bytes:
    return b"%%%02X" % byte if byte in b"%\r\n" else bytes([byte])


@dataclass(slots=True)
class Conversation:
    """What a client has chosen so far.

    Attributes:
        signer: Has the keys and signs.
        notify: Tells the person why there is no signature.
        key: The key that is to sign.
        digest: What it is to sign, and how it was hashed.
    """

    signer: KeySigner
    notify: Notify
    key: AgentKey | None = None
    digest: tuple[DigestAlgorithm, bytes] | None = None

    async def keys(self) -> dict[str, AgentKey]:
        """The signing subkeys by keygrip in hexadecimal digits."""
        return {
            keygrip(key.public_key).hex().upper(): key
            for key in await self.signer.keys()
            if key.is_openpgp and key.scheme in OFFERED_SCHEMES
        }

    async def key_of(self, grip: str) -> AgentKey:
        """The subkey of a keygrip."""
        key = (await self.keys()).get(grip.upper())
        if key is None:
            raise _no_secret_key()
        return key


AnswerLines = list[bytes]


async def _ignore(_conversation: Conversation, _arguments: str) -> AnswerLines:
    return []


async def _reset(conversation: Conversation, _arguments: str) -> AnswerLines:
    conversation.key = conversation.digest = None
    return []


async def _get_info(_conversation: Conversation, arguments: str) -> AnswerLines:
    if arguments != "version":
        raise _bad_argument()
    return data_lines(VERSION)


async def _have_key(conversation: Conversation, arguments: str) -> AnswerLines:
    keys = await conversation.keys()
    if arguments.startswith("--list"):
        return data_lines(b"".join(map(bytes.fromhex, keys)))
    if not any(grip.upper() in keys for grip in arguments.split()):
        raise _no_secret_key()
    return []


async def _key_info(conversation: Conversation, arguments: str) -> AnswerLines:
    grip = arguments.split()[-1:] or [""]
    await conversation.key_of(grip[0])
    return [f"S KEYINFO {grip[0].upper()} D - - - P - - -".encode()]


async def _read_key(conversation: Conversation, arguments: str) -> AnswerLines:
    grip = arguments.split()[-1:] or [""]
    key = await conversation.key_of(grip[0])
    return data_lines(public_key_expression(key.public_key))


async def _choose_key(conversation: Conversation, arguments: str) -> AnswerLines:
    conversation.key = await conversation.key_of(arguments.strip())
    return []


async def _set_hash(conversation: Conversation, arguments: str) -> AnswerLines:
    words = arguments.split()
    try:
        algorithm, digest = HASHES[int(words[0])], bytes.fromhex(words[1])
    except (KeyError, ValueError, IndexError) as error:
        raise AssuanError(5, "Use SHA-256, SHA-384 or SHA-512") from error
    if len(digest) != algorithm.size_bytes:
        raise _bad_argument()
    conversation.digest = algorithm, digest
    return []


async def _sign(conversation: Conversation, _arguments: str) -> AnswerLines:
    if conversation.key is None or conversation.digest is None:
        raise _no_secret_key()
    algorithm, digest = conversation.digest
    signature = await conversation.signer.sign(conversation.key.alias, digest, algorithm)
    return data_lines(signature_expression(conversation.key, signature))


async def _refuse(_conversation: Conversation, _arguments: str) -> AnswerLines:
    raise AssuanError(275, "Unknown IPC command")


COMMANDS: dict[str, Callable[[Conversation, str], Awaitable[AnswerLines]]] = {
    "NOP": _ignore,
    "OPTION": _ignore,
    "SETKEYDESC": _ignore,
    "RESET": _reset,
    "GETINFO": _get_info,
    "HAVEKEY": _have_key,
    "KEYINFO": _key_info,
    "READKEY": _read_key,
    "SIGKEY": _choose_key,
    "SETHASH": _set_hash,
    "PKSIGN": _sign,
}


async def answer(conversation: Conversation, line: bytes) -> AnswerLines:
    """Return the lines that answer a line."""
    name, _, arguments = line.decode(errors="replace").strip().partition(" ")
    command = COMMANDS.get(name.upper(), _refuse)
    try:
        return [*await command(conversation, arguments), b"OK"]
    except AssuanError as error:
        return [error.line]
    except ClientError as error:
        conversation.notify(error.code, error.message)
        return [AssuanError(251, "Forbidden").line]


class GpgAgent:
    """Answers the clients of one agent.

    Args:
        signer: Has the keys and signs.
    """

    def __init__(self, signer: KeySigner) -> None:
        self._signer = signer

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, notify: Notify
    ) -> None:
        """Answer one client, line after line, until it says BYE or is gone."""
        conversation = Conversation(self._signer, notify)
        writer.write(b"OK Pleased to meet you\n")
        try:
            while line := await reader.readline():
                if len(line) > MAX_LINE_BYTES or line.upper().startswith(b"BYE"):
                    writer.write(b"OK closing connection\n")
                    return
                for answer_line in await answer(conversation, line):
                    writer.write(answer_line + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            return  # the client has gone, or its line is longer than the reader's limit
