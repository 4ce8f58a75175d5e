"""Forms of ECDSA signatures, as WebCrypto and OpenSSL's library accept them."""

from __future__ import annotations

import hashlib
import json
import subprocess
from base64 import b64encode

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)

from engine.formats.ecdsa import SignatureFormat, in_form
from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm
from engine.signers.public_keys import PublicKey
from tests.support.node import program
from tests.support.raw_keys import MAKERS, public_pem, sign_digest

CONTENT = b"a release"
ALGORITHMS = [a for a in KeypairAlgorithm if a.name.startswith("ECDSA")]
#: Reads a key, signatures and content; writes which signatures it accepts.
WEB_CRYPTO = """
const { jwk, signatures, content } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const bytes = (text) => Buffer.from(text, "base64");
const name = { name: "ECDSA", namedCurve: jwk.crv, hash: "SHA-256" };
crypto.subtle.importKey("jwk", jwk, name, true, ["verify"]).then((key) => Promise.all(
  signatures.map((value) => crypto.subtle.verify(name, key, bytes(value), bytes(content)))
)).then((accepted) => process.stdout.write(JSON.stringify(accepted)));
"""


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_web_crypto_accepts_the_raw_form_and_not_der(algorithm: KeypairAlgorithm) -> None:
    private = MAKERS[algorithm.name]()
    digest = hashlib.sha256(CONTENT).digest()
    ders = [sign_digest(private, digest, DigestAlgorithm.SHA256) for _ in range(8)]
    raws = [in_form(der, algorithm, SignatureFormat.RAW, low_s=low) for der in ders for low in LOW]
    jwk = PublicKey(algorithm, public_pem(private), "falcon").jwk
    del jwk["alg"]
    values = [b64encode(value or b"").decode() for value in (*raws, ders[0])]
    question = {"jwk": jwk, "signatures": values, "content": b64encode(CONTENT).decode()}
    done = subprocess.run(
        [*program("node"), "-e", WEB_CRYPTO],
        input=json.dumps(question).encode(),
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout) == [True] * len(raws) + [False]


LOW = (False, True)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_lower_s_is_lower_and_signs_the_same(algorithm: KeypairAlgorithm) -> None:
    private = MAKERS[algorithm.name]()
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    order = private.curve.group_order
    digest = hashlib.sha256(CONTENT).digest()
    r, s = decode_dss_signature(sign_digest(private, digest, DigestAlgorithm.SHA256))
    hashed = ec.ECDSA(Prehashed(hashes.SHA256()))
    for either in (s, order - s):
        der = encode_dss_signature(r, either)
        low = in_form(der, algorithm, SignatureFormat.DER, low_s=True)
        assert low == encode_dss_signature(r, min(s, order - s))
        private.public_key().verify(low, digest, hashed)
        assert in_form(der, algorithm, SignatureFormat.DER, low_s=False) == der
    with pytest.raises(InvalidSignature):
        private.public_key().verify(encode_dss_signature(r, s - 1), digest, hashed)


@pytest.mark.parametrize(
    ("value", "algorithm"),
    [
        (None, KeypairAlgorithm.ECDSA_P256),
        (bytes(64), KeypairAlgorithm.ED25519),
        (b"-----BEGIN PGP SIGNATURE-----\n", KeypairAlgorithm.ECDSA_P256),
    ],
)
def test_what_is_no_such_signature_has_no_other_form(
    value: bytes | None, algorithm: KeypairAlgorithm
) -> None:
    assert in_form(value, algorithm, SignatureFormat.RAW, low_s=True) is None
