"""Tools as distributions ship them sign through the agent, unchanged, until the quota is used.

One table has a row for each tool: how it is called, how its own verifier is, and how many
signatures of the release it uses. Each is run against a server with an approved offline release of
just that many signatures, verified, and run once more: then it is refused, and the sentence is on
the terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine.model.algorithms import KeypairAlgorithm
from tests.support.agent_tools import AgentTools, agent_tools, needs, token_key_id
from tests.support.portable_executable import portable_executable
from tests.support.world import World

EC = KeypairAlgorithm.ECDSA_P256
EC_384 = KeypairAlgorithm.ECDSA_P384
RSA = KeypairAlgorithm.RSA_PKCS1_2048
PSS = KeypairAlgorithm.RSA_PSS_2048

MODULE = "$COUNTERSIGN_PKCS11_MODULE"
KEY_URI = "pkcs11:token=Countersign;object=release;type=private"
ENGINE = "-engine pkcs11 -keyform engine"


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A row of the table.

    Attributes:
        programs: The programs that have to be installed.
        algorithm: The algorithm of the keypair `release`.
        sign: A shell command that signs the file `content`, run under the agent.
        verify: A shell command that ends with status 0 if the signature is good, run without it.
        prepare: A shell command that is run before, without the agent.
        files: What the folder has beside `content`, and how it is made.
        signature_count: How many signatures it uses.
        has_certificate: Whether the keypair has a certificate.
    """

    programs: Sequence[str]
    algorithm: KeypairAlgorithm
    sign: str
    verify: str
    prepare: str = "true"
    signature_count: int = 1
    has_certificate: bool = False
    files: dict[str, Callable[[], bytes]] = field(default_factory=dict)


VERIFY_DIGEST = "openssl dgst -sha256 -verify public.pem -signature content.sig"
PSS_OPTIONS = "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest"
DIGEST = "openssl dgst -sha256 -binary content > digest"
PKCS11_TOOL = f'pkcs11-tool --module "{MODULE}" --sign --id "$(cat id)" --output-file content.sig'
JAVA_KEYS = '-keystore NONE -storetype PKCS11 -storepass ""'
#: A jar to sign, and a store of the authority for its verifier.
MAKE_JAR = (
    "zip -q app.jar content;"
    " keytool -importcert -noprompt -alias root -file root.pem -keystore trust.p12"
    " -storetype PKCS12 -storepass changeit"
)
VERIFY_JAR = "jarsigner -verify -strict -keystore trust.p12 -storepass changeit signed.jar"
SIGN_JAR = f"jarsigner {JAVA_KEYS} -signedjar signed.jar app.jar release"

TOOLS = {
    "pkcs11-tool, RSA": Tool(
        programs=["pkcs11-tool", "openssl"],
        algorithm=RSA,
        sign=f"{PKCS11_TOOL} --mechanism SHA256-RSA-PKCS --input-file content",
        verify=f"{VERIFY_DIGEST} content",
    ),
    "pkcs11-tool, RSA-PSS": Tool(
        programs=["pkcs11-tool", "openssl"],
        algorithm=PSS,
        prepare=DIGEST,
        sign=f"{PKCS11_TOOL} --mechanism RSA-PKCS-PSS --hash-algorithm SHA256 --mgf MGF1-SHA256"
        " --input-file digest",
        verify=f"{VERIFY_DIGEST} {PSS_OPTIONS} content",
    ),
    "pkcs11-tool, ECDSA P-256": Tool(
        programs=["pkcs11-tool", "openssl"],
        algorithm=EC,
        prepare=DIGEST,
        sign=f"{PKCS11_TOOL} --mechanism ECDSA --signature-format openssl --input-file digest",
        verify=f"{VERIFY_DIGEST} content",
    ),
    "pkcs11-tool, ECDSA P-384": Tool(
        programs=["pkcs11-tool", "openssl"],
        algorithm=EC_384,
        prepare=DIGEST.replace("sha256", "sha384"),
        sign=f"{PKCS11_TOOL} --mechanism ECDSA --signature-format openssl --input-file digest",
        verify=f"{VERIFY_DIGEST.replace('sha256', 'sha384')} content",
    ),
    "openssl dgst, RSA": Tool(
        programs=["openssl"],
        algorithm=RSA,
        sign=f'openssl dgst -sha256 {ENGINE} -sign "{KEY_URI}" -out content.sig content',
        verify=f"{VERIFY_DIGEST} content",
    ),
    "openssl dgst, RSA-PSS": Tool(
        programs=["openssl"],
        algorithm=PSS,
        sign=f'openssl dgst -sha256 {ENGINE} {PSS_OPTIONS} -sign "{KEY_URI}" -out content.sig'
        " content",
        verify=f"{VERIFY_DIGEST} {PSS_OPTIONS} content",
    ),
    "openssl dgst, ECDSA": Tool(
        programs=["openssl"],
        algorithm=EC,
        sign=f'openssl dgst -sha256 {ENGINE} -sign "{KEY_URI}" -out content.sig content',
        verify=f"{VERIFY_DIGEST} content",
    ),
    "openssl cms": Tool(
        programs=["openssl"],
        algorithm=RSA,
        has_certificate=True,
        sign=f'openssl cms -sign -binary -engine pkcs11 -keyform engine -inkey "{KEY_URI}"'
        " -signer release.pem -md sha256 -in content -outform DER -out content.p7s",
        verify="openssl cms -verify -binary -inform DER -in content.p7s -content content"
        " -CAfile root.pem -purpose any -out /dev/null",
    ),
    "openssl req": Tool(
        programs=["openssl"],
        algorithm=EC,
        sign=f'openssl req -new {ENGINE} -key "{KEY_URI}" -subj /CN=release -out request.pem',
        verify="openssl req -verify -noout -in request.pem",
    ),
    "certtool": Tool(
        programs=["certtool"],
        algorithm=RSA,
        prepare="printf 'cn = release\\nsigning_key\\n' > template",
        sign=f'GNUTLS_PIN= certtool --generate-request --provider "{MODULE}" --load-privkey'
        f' "{KEY_URI}" --template template --hash SHA256 --outfile request.pem',
        verify="openssl req -verify -noout -in request.pem",
    ),
    "jarsigner, RSA": Tool(
        programs=["jarsigner", "keytool", "zip"],
        algorithm=RSA,
        has_certificate=True,
        prepare=MAKE_JAR,
        sign=SIGN_JAR,
        verify=VERIFY_JAR,
    ),
    "jarsigner, ECDSA": Tool(
        programs=["jarsigner", "keytool", "zip"],
        algorithm=EC,
        has_certificate=True,
        prepare=MAKE_JAR,
        sign=SIGN_JAR,
        verify=VERIFY_JAR,
    ),
    "keytool": Tool(
        programs=["keytool", "openssl"],
        algorithm=EC,
        has_certificate=True,
        sign=f"keytool -certreq {JAVA_KEYS} -alias release -file request.pem",
        verify="openssl req -verify -noout -in request.pem",
    ),
    "osslsigncode": Tool(
        programs=["osslsigncode"],
        algorithm=RSA,
        has_certificate=True,
        files={"app.exe": portable_executable},
        sign=f'rm -f signed.exe; osslsigncode sign -pkcs11module "{MODULE}"'
        f' -key "{KEY_URI}" -certs release.pem -h sha256 -in app.exe -out signed.exe',
        verify="osslsigncode verify -CAfile root.pem -in signed.exe",
    ),
    "sbsign": Tool(
        programs=["sbsign", "sbverify"],
        algorithm=RSA,
        has_certificate=True,
        files={"app.efi": portable_executable},
        sign=f'sbsign --engine pkcs11 --key "{KEY_URI}" --cert release.pem --output signed.efi'
        " app.efi",
        verify="sbverify --cert root.pem signed.efi",
    ),
}


def cases() -> list[object]:
    return [
        pytest.param(tool, id=name, marks=needs(*tool.programs)) for name, tool in TOOLS.items()
    ]


@pytest.mark.long
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("tool", cases())
def test_tool_signs_until_the_quota_is_used(tool: Tool, world: World, tmp_path: Path) -> None:
    with agent_tools(world, tmp_path, {"release": tool.algorithm}) as tools:
        write_files(tool, tools)
        certificate = ["--certificate", str(tools.certify("release"))] * tool.has_certificate
        prepared = tools.plain("sh", "-ec", tool.prepare)
        assert prepared.returncode == 0, prepared.stderr
        release_id = tools.open_release("release", tool.signature_count)

        signed = tools.run("sh", "-ec", tool.sign, options=certificate)
        assert signed.returncode == 0, signed.stdout + signed.stderr
        verified = tools.plain("sh", "-ec", tool.verify)
        assert verified.returncode == 0, verified.stdout + verified.stderr
        assert world.release(release_id).signatures_used == tool.signature_count

        refused = tools.run("sh", "-ec", tool.sign, options=certificate)
        assert refused.returncode != 0, refused.stdout
        assert "countersign: QUOTA_EXHAUSTED: " in refused.stderr
        assert world.release(release_id).signatures_used == tool.signature_count


def write_files(tool: Tool, tools: AgentTools) -> None:
    """What every row may use: content, the public key, and the keypair's id in the token."""
    (tools.folder / "content").write_bytes(b"what a tool signs\n" * 100)
    (tools.folder / "public.pem").write_text(tools.public_keys["release"])
    (tools.folder / "id").write_text(token_key_id(tools.public_keys["release"]))
    for name, content in tool.files.items():
        (tools.folder / name).write_bytes(content())
