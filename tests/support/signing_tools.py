"""Tools that sign: how each is called and verified, and how many signatures it uses."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.model.algorithms import KeypairAlgorithm
from engine.model.vocabulary import KeypairCategory
from tests.support.packages import android_manifest, debian_changes, rpm_spec
from tests.support.portable_executable import portable_executable

PROGRAMS = Path(__file__).parent / "signing_programs"


def program_file(name: str) -> Callable[[], bytes]:
    """The content of a program of people who write their own."""
    return (PROGRAMS / name).read_bytes


EC = KeypairAlgorithm.ECDSA_P256
EC_384 = KeypairAlgorithm.ECDSA_P384
RSA = KeypairAlgorithm.RSA_PKCS1_2048
EC_521 = KeypairAlgorithm.ECDSA_P521
PSS = KeypairAlgorithm.RSA_PSS_2048

MODULE = "$COUNTERSIGN_PKCS11_MODULE"
KEY_URI = "pkcs11:token=Countersign;object=release;type=private"
ENGINE = "-engine pkcs11 -keyform engine"


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A row of the table.

    Attributes:
        programs: The programs that have to be installed.
        modules: The Python modules that have to be installed.
        algorithm: The algorithm of the keypair `release`.
        sign: A shell command that signs the file `content`, run under the agent.
        verify: A shell command that ends with status 0 if the signature is good, run without it.
        prepare: A shell command that is run before, without the agent.
        files: What the folder has beside `content`, and how it is made.
        signature_count: How many signatures it uses.
        has_certificate: Whether the keypair has an X.509 certificate.
        category: What the keypair is for.
    """

    programs: Sequence[str]
    algorithm: KeypairAlgorithm
    sign: str
    verify: str
    modules: Sequence[str] = ()
    prepare: str = "true"
    signature_count: int = 1
    has_certificate: bool = False
    category: KeypairCategory = KeypairCategory.STANDARD
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

NEW_REPOSITORY = (
    "git init -q .; git config user.name Dev; git config user.email dev@example.com;"
    ' echo "dev@example.com $(cat public.ssh)" > allowed'
)
#: A keyring of a verifier's own, with the certificate.
WITH_KEYRING = "GNUPGHOME=$PWD/keyring"
IMPORT = f"mkdir -m 700 keyring; {WITH_KEYRING} gpg --batch --quiet --import public.openpgp"


def ssh_keygen(algorithm: KeypairAlgorithm) -> Tool:
    return Tool(
        programs=["ssh-keygen"],
        algorithm=algorithm,
        prepare='echo "dev@example.com $(cat public.ssh)" > allowed',
        sign="rm -f content.sig; ssh-keygen -Y sign -n file -f public.ssh content",
        verify="ssh-keygen -Y verify -f allowed -I dev@example.com -n file -s content.sig <content",
    )


def gpg(algorithm: KeypairAlgorithm) -> Tool:
    return Tool(
        programs=["gpg"],
        algorithm=algorithm,
        category=KeypairCategory.GPG,
        prepare=IMPORT,
        sign="gpg --batch --yes -u release --armor --detach-sign content",
        verify=f"{WITH_KEYRING} gpg --verify content.asc content",
    )


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
    "pkcs11-tool, ECDSA P-521": Tool(
        programs=["pkcs11-tool", "openssl"],
        algorithm=EC_521,
        prepare=DIGEST.replace("sha256", "sha512"),
        sign=f"{PKCS11_TOOL} --mechanism ECDSA --signature-format openssl --input-file digest",
        verify=f"{VERIFY_DIGEST.replace('sha256', 'sha512')} content",
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
    "apksigner": Tool(
        programs=["apksigner", "zip"],
        algorithm=RSA,
        has_certificate=True,
        files={"AndroidManifest.xml": android_manifest},
        prepare="zip -q app.apk AndroidManifest.xml content",
        sign="apksigner sign --ks NONE --ks-type PKCS11 --ks-pass pass:x --ks-key-alias release"
        " --min-sdk-version 21 --out signed.apk app.apk",
        verify="apksigner verify --min-sdk-version 21 signed.apk",
        signature_count=3,  # schemes v1, v2 and v3
    ),
    "ssh-keygen, ECDSA": ssh_keygen(EC),
    "ssh-keygen, ECDSA P-521": ssh_keygen(EC_521),
    "ssh-keygen, RSA": ssh_keygen(RSA),
    "ssh-keygen, Ed25519": ssh_keygen(KeypairAlgorithm.ED25519),
    "git with SSH": Tool(
        programs=["git", "ssh-keygen"],
        algorithm=EC,
        prepare=f"{NEW_REPOSITORY}; git config gpg.format ssh;"
        ' git config user.signingkey "key::$(cat public.ssh)";'
        " git config gpg.ssh.allowedSignersFile allowed",
        sign="git commit -q --allow-empty -S -m signed && git tag -f -s v1 -m v1",
        verify="git verify-commit HEAD && git verify-tag v1",
        signature_count=2,
    ),
    "gpg, Ed25519": gpg(KeypairAlgorithm.ED25519),
    "gpg, RSA": gpg(RSA),
    "gpg, ECDSA P-256": gpg(EC),
    "gpg, ECDSA P-384": gpg(EC_384),
    "gpg, ECDSA P-521": gpg(EC_521),
    "git with OpenPGP": Tool(
        programs=["git", "gpg"],
        algorithm=KeypairAlgorithm.ED25519,
        category=KeypairCategory.GPG,
        prepare=f"{IMPORT}; {NEW_REPOSITORY}; git config user.signingkey release",
        sign="git commit -q --allow-empty -S -m signed && git tag -f -s v1 -m v1",
        verify=f"{WITH_KEYRING} git verify-commit HEAD && {WITH_KEYRING} git verify-tag v1",
        signature_count=2,
    ),
    "rpmsign": Tool(
        programs=["rpm", "rpmsign", "rpmbuild"],
        algorithm=RSA,
        category=KeypairCategory.GPG,
        files={"package.spec": rpm_spec},
        prepare='rpmbuild -bb --quiet --define "_topdir $PWD/build" package.spec;'
        " cp build/RPMS/noarch/*.rpm package.rpm;"
        " rpmkeys --dbpath $PWD/rpmdb --import public.openpgp",
        sign='rpmsign --define "__gpg /usr/bin/gpg" --define "_gpg_name release"'
        " --addsign package.rpm",
        verify="rpm --dbpath $PWD/rpmdb -K package.rpm | tee /dev/stderr | grep 'signatures OK'",
    ),
    "debsign": Tool(
        programs=["debsign", "gpg"],
        algorithm=KeypairAlgorithm.ED25519,
        category=KeypairCategory.GPG,
        files={"package.changes": debian_changes},
        prepare=IMPORT,
        sign="debsign -krelease --re-sign package.changes",
        verify=f"{WITH_KEYRING} gpg --verify package.changes",
    ),
    "InRelease": Tool(
        programs=["gpg", "apt-get", "apt-ftparchive"],
        algorithm=KeypairAlgorithm.ED25519,
        category=KeypairCategory.GPG,
        prepare="mkdir -p site state/lists/partial cache/archives/partial; : > site/Packages;"
        " apt-ftparchive release site > Release; mv Release site/Release;"
        ' echo "deb [signed-by=$PWD/public.openpgp] file:$PWD/site ./" > sources.list',
        sign="gpg --yes --clearsign -u release -o site/InRelease site/Release",
        verify="apt-get update -o Dir::Etc::SourceList=$PWD/sources.list"
        " -o Dir::Etc::SourceParts=/dev/null -o Dir::State=$PWD/state -o Dir::Cache=$PWD/cache"
        " -o APT::Sandbox::User=root -o APT::Update::Error-Mode=any",
    ),
    "securesystemslib's HSMSigner": Tool(
        programs=["python3"],
        modules=["securesystemslib", "pkcs11"],
        algorithm=EC,
        files={"hsm_sign.py": program_file("hsm_sign.py")},
        prepare="true",
        sign=f'PYKCS11LIB="{MODULE}" {sys.executable} hsm_sign.py sign',
        verify=f"{sys.executable} hsm_sign.py verify",
    ),
    "Java with 8 threads": Tool(
        programs=["java"],
        algorithm=EC,
        has_certificate=True,
        files={"ThreadedSigning.java": program_file("ThreadedSigning.java")},
        sign="java ThreadedSigning.java 8 10",
        verify="true",  # each thread verifies what it signed
        signature_count=80,
    ),
}
