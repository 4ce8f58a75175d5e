"""The matrix of who verifies what: one table that the tests run and the documentation shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.formats.sshsig import SSH_SCHEMES
from engine.model.algorithms import OPENPGP_SCHEMES, KeypairAlgorithm, Scheme
from engine.signing.forms import MESSAGE_SCHEMES
from tests.verifiers import judges
from tests.verifiers.signing import Signer

#: Whether a program accepts a signature over a content, made by the keypair: over the content
#: itself, or over another where the last argument is true.
Judge = Callable[[Signer, Path, bool], bool]
Refusals = Mapping[Scheme, str]

JAVA_NO_ML_DSA = "JDK 17 knows no ML-DSA; JDK 24 does."
NO_ML_DSA = "OpenSSL 3.0 knows no ML-DSA; 3.5 does."

RPM_KNOWS_NO_ECDSA = (
    "rpm up to 4.18 knows no ECDSA and does not import the certificate. Use ED25519 or RSA."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A program that judges one form of signatures.

    Args:
        form: The form.
        program: The program, as the documentation names it.
        judge: Runs it.
        refuses: By scheme, why the program accepts no such keys.
    """

    form: str
    program: str
    judge: Judge
    refuses: Refusals = field(default_factory=dict)


OPENPGP, DIGEST, MESSAGE, SSHSIG = (
    "OpenPGP",
    "Signed digests",
    "Signed messages",
    "OpenSSH (SSHSIG)",
)
CHECKS = (
    Check(form=OPENPGP, program="gpg --verify (content)", judge=judges.openpgp_content),
    Check(form=OPENPGP, program="gpg --verify (digest)", judge=judges.gpg),
    Check(form=OPENPGP, program="gpgv", judge=judges.gpgv),
    Check(form=OPENPGP, program="sqv", judge=judges.sqv),
    Check(form=OPENPGP, program="openpgp.js", judge=judges.openpgp_js),
    Check(form=OPENPGP, program="git verify-commit", judge=judges.git_commit),
    Check(form=OPENPGP, program="git verify-tag", judge=judges.git_tag),
    Check(form=OPENPGP, program="gpg --verify (clear-signed)", judge=judges.clear_signed),
    Check(form=OPENPGP, program="apt (InRelease, signed-by)", judge=judges.apt_in_release),
    Check(form=OPENPGP, program="apt (Release.gpg, signed-by)", judge=judges.apt_detached),
    Check(
        form=OPENPGP,
        program="rpmkeys --import, rpm -K",
        judge=judges.rpm,
        refuses={Scheme.ECDSA: RPM_KNOWS_NO_ECDSA},
    ),
    Check(
        form=DIGEST,
        program="openssl",
        judge=judges.openssl,
        refuses={Scheme.ML_DSA: NO_ML_DSA},
    ),
    Check(
        form=DIGEST,
        program="JDK 17",
        judge=judges.java,
        refuses={Scheme.ML_DSA: JAVA_NO_ML_DSA},
    ),
    Check(form=DIGEST, program="cryptography (Python)", judge=judges.cryptography),
    Check(form=DIGEST, program="WebCrypto (node)", judge=judges.web_crypto),
    Check(
        form=MESSAGE,
        program="openssl",
        judge=judges.openssl_message,
        refuses={Scheme.ML_DSA: NO_ML_DSA},
    ),
    Check(
        form=MESSAGE,
        program="JDK 17",
        judge=judges.java_message,
        refuses={Scheme.ML_DSA: JAVA_NO_ML_DSA},
    ),
    Check(form=MESSAGE, program="cryptography (Python)", judge=judges.cryptography_message),
    Check(form=MESSAGE, program="WebCrypto (node)", judge=judges.web_crypto_message),
    Check(form=SSHSIG, program="ssh-keygen -Y verify", judge=judges.ssh_keygen),
    Check(form=SSHSIG, program="git verify-commit", judge=judges.git_commit_ssh),
    Check(form=SSHSIG, program="git verify-tag", judge=judges.git_tag_ssh),
)

#: The algorithms that are tried: of RSA one size for each padding.
ALGORITHMS = tuple(
    algorithm
    for algorithm in KeypairAlgorithm
    if algorithm is algorithm.current and algorithm.bits not in (2048, 4096)
)
BACKENDS = ("local", "pkcs11", "aws_kms")
#: What keys of each kind are in, where that is not this process.
HOLDERS = {"pkcs11": "SoftHSM", "aws_kms": "a server of its API, made with moto"}
#: By form, the schemes that the server makes it with, and what it says of the others.
_WRONG_CATEGORY = (
    "{algorithm} makes keypairs of the category STANDARD. Choose another algorithm or category."
)
_FORMS: Mapping[str, tuple[frozenset[Scheme], str]] = {
    OPENPGP: (OPENPGP_SCHEMES, _WRONG_CATEGORY),
    MESSAGE: (
        MESSAGE_SCHEMES,
        "This keypair signs digests. Give the digest, not the message.",
    ),
    SSHSIG: (
        SSH_SCHEMES,
        (
            "OpenSSH has no keys of the algorithm {algorithm}. Use a keypair of ED25519, ECDSA or"
            " RSA_PKCS1."
        ),
    ),
}


def refusal_of_server(form: str, algorithm: KeypairAlgorithm) -> str | None:
    """Return why the server makes no signatures of a form with an algorithm; None if it does."""
    if form not in _FORMS:
        return None
    schemes, sentence = _FORMS[form]
    return None if algorithm.scheme in schemes else sentence.format(algorithm=algorithm)
