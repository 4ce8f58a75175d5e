"""A time-stamping authority of the tests' own: `openssl ts` behind a server on loopback."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

_CONFIGURATION = """
[req]
distinguished_name = name
x509_extensions = root
prompt = no
[name]
CN = Tests
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[tsa]
basicConstraints = CA:false
extendedKeyUsage = critical, timeStamping
keyUsage = critical, digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[authority]
serial = ./serial
signer_cert = ./tsa.pem
signer_key = ./tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
"""

#: Changes an answer, or makes another one from the request.
Answer = Callable[["Authority", bytes], bytes]


class Authority:
    """A root, a certificate of an authority under it, and what is to be answered.

    Args:
        folder: An existing folder of its own.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        self.requests: list[bytes] = []
        self.status = 200
        self.answer: Answer = Authority.reply
        (folder / "openssl.cnf").write_text(_CONFIGURATION)
        (folder / "serial").write_text("01\n")
        key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config openssl.cnf"
        self._openssl(f"req -x509 {key} -days 10 -subj /CN=Root -keyout root.key -out root.pem")
        self._openssl(f"req {key} -subj /CN=TSA -keyout tsa.key -out tsa.csr")
        self._openssl(
            "x509 -req -in tsa.csr -CA root.pem -CAkey root.key -set_serial 2 -days 10"
            " -extfile openssl.cnf -extensions tsa -out tsa.pem"
        )

    @property
    def root(self) -> Path:
        """The file of its root."""
        return self.folder / "root.pem"

    def reply(self, query: bytes) -> bytes:
        """What `openssl ts` answers to a request."""
        (self.folder / "query").write_bytes(query)
        self._openssl(
            "ts -reply -config openssl.cnf -section authority -queryfile query -out reply"
        )
        return (self.folder / "reply").read_bytes()

    def verifies(self, token: bytes, value: bytes) -> bool:
        """Whether `openssl ts` accepts a token over a value."""
        (self.folder / "token").write_bytes(token)
        (self.folder / "value").write_bytes(value)
        command = "ts -verify -data value -in token -token_in -CAfile root.pem"
        return self._run(command).returncode == 0

    def _openssl(self, command: str) -> None:
        done = self._run(command)
        assert done.returncode == 0, done.stderr.decode()

    def _run(self, command: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["openssl", *command.split()], cwd=self.folder, capture_output=True, check=False
        )


@contextmanager
def time_stamp_authority(folder: Path) -> Iterator[Authority]:
    """An authority that answers on loopback; skips the test where OpenSSL is not installed."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    authority = Authority(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            authority.requests.append(query)
            body = authority.answer(authority, query)
            self.send_response(authority.status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, *_: object) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    authority.url = f"http://127.0.0.1:{server.server_port}/"
    # It looks for its end a hundred times a second, so that no test waits for it.
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield authority
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
