"""How each program of the matrix is asked about a signature of a keypair."""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from engine.formats.ecdsa import SignatureFormat, in_form
from engine.model.algorithms import KeypairAlgorithm, Scheme
from tests.support.gnupg import gnupg
from tests.support.node import program
from tests.verifiers import programs
from tests.verifiers.signing import Signer, digest_of

CONTENT, OTHER = b"the installer, version 2.4.1\n" * 100, b"another installer\n"


def judged(alter: bool) -> bytes:
    """What is held against the signature of `CONTENT`."""
    return OTHER if alter else CONTENT


def _certificate(signer: Signer) -> str:
    certificate = signer.public_key.openpgp
    assert certificate is not None
    return certificate


# --- OpenPGP ---------------------------------------------------------------------------------


def openpgp_content(signer: Signer, folder: Path, alter: bool) -> bool:
    signature = signer.value(content=CONTENT).decode()
    with gnupg(signer.world.clock.instant) as gpg:
        return gpg.accepts(_certificate(signer), signature, judged(alter))


def gpg(signer: Signer, folder: Path, alter: bool) -> bool:
    return programs.gpg(folder, _certificate(signer), signer.openpgp(CONTENT), judged(alter))


def gpgv(signer: Signer, folder: Path, alter: bool) -> bool:
    return programs.gpgv(folder, _certificate(signer), signer.openpgp(CONTENT), judged(alter))


def sqv(signer: Signer, folder: Path, alter: bool) -> bool:
    return programs.sqv(folder, _certificate(signer), signer.openpgp(CONTENT), judged(alter))


def openpgp_js(signer: Signer, folder: Path, alter: bool) -> bool:
    signature = signer.openpgp(CONTENT)
    return programs.openpgp_js(folder, _certificate(signer), signature, judged(alter))


def git_commit(signer: Signer, folder: Path, alter: bool) -> bool:
    commit = programs.new_commit(folder)
    signature = signer.openpgp(commit)
    shown = commit.replace(b"Release", b"Another") if alter else commit
    return programs.git_openpgp(folder, _certificate(signer), signature, shown)


def git_tag(signer: Signer, folder: Path, alter: bool) -> bool:
    tag = programs.new_tag(folder)
    signature = signer.openpgp(tag)
    shown = tag.replace(b"Release", b"Another") if alter else tag
    return programs.git_openpgp(folder, _certificate(signer), signature, shown)


def clear_signed(signer: Signer, folder: Path, alter: bool) -> bool:
    text = signer.clear_signed("Falcon 2.4.1  \n- a dash\n\nthe end\n")
    (folder / "text.asc").write_text(text.replace("2.4.1", "2.4.2") if alter else text)
    with gnupg() as gpg:
        assert gpg.run("--import", given=_certificate(signer).encode()).returncode == 0
        return gpg.run("--verify", str(folder / "text.asc")).returncode == 0


def apt_in_release(signer: Signer, folder: Path, alter: bool) -> bool:
    text = signer.clear_signed(programs.release_file())
    shown = text.replace("Suite: stable", "Suite: testing") if alter else text
    files = {"InRelease": shown, "Packages": ""}
    return programs.apt_accepts(folder, _certificate(signer), files)


def apt_detached(signer: Signer, folder: Path, alter: bool) -> bool:
    release = programs.release_file()
    signature = signer.openpgp(release.encode())
    shown = release.replace("Suite: stable", "Suite: testing") if alter else release
    files = {"Release": shown, "Release.gpg": signature, "Packages": ""}
    return programs.apt_accepts(folder, _certificate(signer), files)


def rpm(signer: Signer, folder: Path, alter: bool) -> bool:
    package = programs.RpmPackage(folder)
    end = b" " if alter else b""
    return package.accepted(_certificate(signer), lambda header: signer.openpgp(header + end))


# --- digests ---------------------------------------------------------------------------------


def openssl(signer: Signer, folder: Path, alter: bool) -> bool:
    (folder / "key.pem").write_text(signer.public_key.pem)
    (folder / "signature").write_bytes(signer.value(digest=digest_of(CONTENT)))
    (folder / "content").write_bytes(judged(alter))
    (folder / "digest").write_bytes(digest_of(judged(alter)))
    return programs.run("openssl", *_openssl(signer.algorithm), folder=folder)


def _openssl(algorithm: KeypairAlgorithm) -> list[str]:
    if algorithm.scheme is Scheme.ED25519:
        raw = "pkeyutl -verify -rawin -pubin -inkey key.pem -in digest -sigfile signature"
        return raw.split()
    pss = "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32"
    options = pss if algorithm.scheme is Scheme.RSA_PSS else ""
    return f"dgst -sha256 -verify key.pem -signature signature {options} content".split()


def cryptography(signer: Signer, folder: Path, alter: bool) -> bool:
    value = signer.value(digest=digest_of(CONTENT))
    public, content = load_pem_public_key(signer.public_key.pem.encode()), judged(alter)
    sha256 = hashes.SHA256()
    try:
        match public:
            case ec.EllipticCurvePublicKey():
                public.verify(value, content, ec.ECDSA(sha256))
            case (
                ed25519.Ed25519PublicKey()
                | mldsa.MLDSA44PublicKey()
                | mldsa.MLDSA65PublicKey()
                | mldsa.MLDSA87PublicKey()
            ):
                public.verify(value, digest_of(content))
            case rsa.RSAPublicKey():
                pss = padding.PSS(padding.MGF1(sha256), 32)
                is_pss = signer.algorithm.scheme is Scheme.RSA_PSS
                public.verify(value, content, pss if is_pss else padding.PKCS1v15(), sha256)
    except InvalidSignature:
        return False
    return True


#: Reads a key, a signature and what it is held against; writes whether it accepts it.
WEB_CRYPTO = """
const { jwk, name, value, content } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const bytes = (text) => Buffer.from(text, "base64");
crypto.subtle.importKey("jwk", jwk, name, true, ["verify"])
  .then((key) => crypto.subtle.verify(name, key, bytes(value), bytes(content)))
  .then((accepted) => process.stdout.write(String(accepted)));
"""


def web_crypto(signer: Signer, folder: Path, alter: bool) -> bool:
    jwk, algorithm = signer.public_key.jwk, signer.algorithm
    if jwk["kty"] != "AKP":
        jwk.pop("alg", None)  # WebCrypto takes no key whose algorithm it spells otherwise
    value = signer.value(digest=digest_of(CONTENT))
    raw = in_form(value, algorithm, SignatureFormat.RAW, low_s=True) or value
    content = judged(alter)
    names = {
        Scheme.ECDSA: {"name": "ECDSA", "namedCurve": jwk.get("crv"), "hash": "SHA-256"},
        Scheme.ED25519: {"name": "Ed25519"},
        Scheme.RSA_PSS: {"name": "RSA-PSS", "hash": "SHA-256", "saltLength": 32},
        Scheme.RSA_PKCS1: {"name": "RSASSA-PKCS1-v1_5", "hash": "SHA-256"},
        Scheme.ML_DSA: {"name": algorithm.replace("_", "-")},
    }
    is_digest = algorithm.scheme in (Scheme.ED25519, Scheme.ML_DSA)
    question = {
        "jwk": jwk,
        "name": names[algorithm.scheme],
        "value": b64encode(raw).decode(),
        "content": b64encode(digest_of(content) if is_digest else content).decode(),
    }
    answer = subprocess.run(
        [*program("node"), "-e", WEB_CRYPTO],
        input=json.dumps(question).encode(),
        capture_output=True,
        check=True,
    )
    return answer.stdout == b"true"
