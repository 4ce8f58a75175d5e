"""Answers ssh's tools: which keys there are, and signatures with them.

Only data of SSHSIG are signed (`ssh-keygen -Y sign`, git with SSH). They begin with a word that no
login begins with, so that whoever reaches the agent cannot log in anywhere with a signing key.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from countersign.agent.notices import Notify
from countersign.agent.signing_keys import AgentKey, DigestAlgorithm, KeySigner, Scheme
from countersign.agent.ssh.messages import (
    MalformedMessage,
    MessageType,
    is_sshsig,
    multiple_precision,
    read_sign_request,
    string,
)
from countersign.errors import ClientError

#: How long a message may be, as OpenSSH has it.
MAX_MESSAGE_BYTES = 256 << 10
#: Flags of a request: which hash function RSA signs with. None is SHA-1, which is refused.
RSA_HASHES = {4: DigestAlgorithm.SHA512, 2: DigestAlgorithm.SHA256}
#: OpenSSH fixes the hash function of each curve.
CURVE_HASHES = {
    "ECDSA_P256": DigestAlgorithm.SHA256,
    "ECDSA_P384": DigestAlgorithm.SHA384,
    "ECDSA_P521": DigestAlgorithm.SHA512,
}
#: Schemes that OpenSSH verifies.
OFFERED_SCHEMES = frozenset({Scheme.ECDSA, Scheme.ED25519, Scheme.RSA_PKCS1})


def key_blob(key: AgentKey) -> bytes:
    """A public key as ssh names it."""
    line = key.public_key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return base64.b64decode(line.split()[1])


class SshAgent:
    """Answers the clients of one agent.

    Args:
        signer: Has the keys and signs.
    """

    def __init__(self, signer: KeySigner) -> None:
        self._signer = signer

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, notify: Notify
    ) -> None:
        """Answer one client, message after message, until it is gone."""
        try:
            while True:
                size = int.from_bytes(await reader.readexactly(4))
                if not 0 < size <= MAX_MESSAGE_BYTES:
                    return
                writer.write(string(await self.answer(await reader.readexactly(size), notify)))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    async def answer(self, message: bytes, notify: Notify) -> bytes:
        """Return the answer to a message."""
        try:
            if message[0] == MessageType.REQUEST_IDENTITIES:
                return _identities(await self._keys())
            if message[0] == MessageType.SIGN_REQUEST:
                return await self._sign(message[1:], notify)
        except ClientError as error:
            notify(error.code, error.message)
        except MalformedMessage:
            pass
        return bytes([MessageType.FAILURE])

    async def _keys(self) -> list[AgentKey]:
        keys = await self._signer.keys()
        return [key for key in keys if key.scheme in OFFERED_SCHEMES and not key.is_openpgp]

    async def _sign(self, content: bytes, notify: Notify) -> bytes:
        blob, signed, flags = read_sign_request(content)
        key = next((key for key in await self._keys() if key_blob(key) == blob), None)
        if key is None:
            raise MalformedMessage("there is no such key")
        if not is_sshsig(signed):
            notify("NO_LOGIN", f"{key.alias} signs files and commits; nobody logs in with it.")
            raise MalformedMessage("these are no data of SSHSIG")
        hash_function = _hash_function(key, flags)
        content = hash_function.new(signed).digest() if hash_function else signed
        signature = await self._signer.sign(key.alias, content, hash_function)
        return bytes([MessageType.SIGN_RESPONSE]) + string(
            _signature_blob(key, blob, hash_function, signature)
        )


def _identities(keys: Sequence[AgentKey]) -> bytes:
    identities = [string(key_blob(key)) + string(key.alias.encode()) for key in keys]
    return bytes([MessageType.IDENTITIES_ANSWER]) + len(keys).to_bytes(4) + b"".join(identities)


def _hash_function(key: AgentKey, flags: int) -> DigestAlgorithm | None:
    """How the data are hashed; Ed25519 signs them as they are."""
    if key.scheme is Scheme.ED25519:
        return None
    if key.scheme is Scheme.ECDSA:
        return CURVE_HASHES[key.algorithm]
    for flag, hash_function in RSA_HASHES.items():
        if flags & flag:
            return hash_function
    raise MalformedMessage("RSA signs with SHA-256 or SHA-512")


def _signature_blob(
    key: AgentKey, blob: bytes, hash_function: DigestAlgorithm | None, signature: bytes
) -> bytes:
    if key.scheme is Scheme.RSA_PKCS1 and hash_function:
        return string(f"rsa-sha2-{8 * hash_function.size_bytes}".encode()) + string(signature)
    kind = blob[: 4 + int.from_bytes(blob[:4])]
    if key.scheme is Scheme.ED25519:
        return kind + string(signature)
    r, s = decode_dss_signature(signature)
    return kind + string(multiple_precision(r) + multiple_precision(s))
