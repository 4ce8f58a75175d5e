"""A client that signs a file of any size with OpenPGP: it hashes in parts, and sends a digest.

Prints the bytes that it sent and the memory that it took at most, as JSON.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import time
from base64 import b64decode, b64encode
from datetime import datetime
from pathlib import Path
from urllib.request import Request, urlopen

from engine.model.algorithms import DigestAlgorithm
from engine.openpgp.keys import OpenPgpKey
from engine.openpgp.signatures import SignatureType, UnsignedSignature

PART_BYTES = 1024 * 1024
SHA512 = DigestAlgorithm.SHA512
KEYPAIR = "query ($id: ID!) { keypair(id: $id) { publicKey { pem } openpgp { createdAt } } }"
SIGN = """mutation ($input: SignInput!) {
    sign(input: $input) { signature { value } errors { message } } }"""


class Client:
    """Asks the server, and counts what it sends."""

    def __init__(self, url: str, token: str) -> None:
        self.url = f"{url}/graphql"
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.sent_bytes = 0

    def ask(self, query: str, **variables: object) -> dict[str, dict[str, dict[str, str]]]:
        """The data of one operation."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        self.sent_bytes += len(body)
        with urlopen(Request(self.url, body, self.headers)) as answer:
            data: dict[str, dict[str, dict[str, str]]] = json.load(answer)["data"]
        return data


def main(url: str, token: str, keypair_id: str, file: str, signature_file: str) -> None:
    """Sign the file, and write its detached signature."""
    client = Client(url, token)
    keypair = client.ask(KEYPAIR, id=keypair_id)["keypair"]
    created_at = int(datetime.fromisoformat(keypair["openpgp"]["createdAt"]).timestamp())
    unsigned = UnsignedSignature(
        key=OpenPgpKey(keypair["publicKey"]["pem"], created_at),
        type=SignatureType.BINARY,
        hash_algorithm=SHA512,
        created_at=max(int(time.time()), created_at),
    )
    content_hash = hashlib.sha512()
    with Path(file).open("rb") as content:
        while part := content.read(PART_BYTES):
            content_hash.update(part)
    digest = unsigned.digest_after(content_hash)
    request = {
        "keypairId": keypair_id,
        "digest": b64encode(digest).decode(),
        "digestAlgorithm": SHA512,
    }
    signature = client.ask(SIGN, input=request)["sign"]["signature"]
    Path(signature_file).write_text(unsigned.armored(digest, b64decode(signature["value"])))
    taken = {"sent_bytes": client.sent_bytes, "peak_bytes": peak_bytes("self")}
    sys.stdout.write(json.dumps(taken))


def peak_bytes(process: int | str) -> int:
    """The memory that a process took at most; `ru_maxrss` also counts what its parent had."""
    status = Path(f"/proc/{process}/status").read_text()
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
    return int(kilobytes) * 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
