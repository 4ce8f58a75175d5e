"""What `countersign agent setup` prints: commands to copy, for a keypair named `release`."""

from __future__ import annotations

from collections.abc import Sequence

from countersign.agent.tool_environment import client_module

#: Stands for p11-kit's client module where that is not installed.
MODULE_EXAMPLE = "/usr/lib/x86_64-linux-gnu/pkcs11/p11-kit-client.so"

SETUP_TEXTS = {
    "jarsigner": """\
# One signature for each jar. The keypair needs a certificate, at the server or in a file that
# --certificate names. Java is told of the keypairs by JAVA_TOOL_OPTIONS.
countersign agent exec --key release -- \\
  jarsigner -keystore NONE -storetype PKCS11 -storepass "" app.jar release""",
    "apksigner": """\
# Three signatures for each APK, for the schemes v1, v2 and v3. The keypair needs a certificate.
countersign agent exec --key release -- \\
  apksigner sign --ks NONE --ks-type PKCS11 --ks-pass pass:x --ks-key-alias release app.apk""",
    "osslsigncode": """\
# One signature for each file. Needs the package libengine-pkcs11-openssl, and a certificate.
countersign agent exec --key release -- \\
  osslsigncode sign -pkcs11module {module} \\
  -key "pkcs11:token=Countersign;object=release;type=private" -certs release.pem \\
  -h sha256 -in app.exe -out app-signed.exe""",
    "git": """\
# One signature for each commit and each tag. With SSH, for a keypair with Ed25519, ECDSA or RSA:
git config gpg.format ssh
git config user.signingkey "key::$(countersign key export release --format ssh)"
# or with OpenPGP, for a keypair of the category GPG:
git config user.signingkey release
# Then:
countersign agent exec --key release -- git tag --sign v1.0 --message "Version 1.0\"""",
    "gpg": """\
# One signature for each file. For a keypair of the category GPG.
countersign agent exec --key release -- \\
  gpg --local-user release --armor --detach-sign app.tar.gz
# Where a tool has an option for the program gpg, no agent has to be run:
git config gpg.program countersign-gpg""",
    "ssh": """\
# One signature for each file. For a keypair with Ed25519, ECDSA or RSA.
countersign key export release --format ssh > release.pub
countersign agent exec --key release -- ssh-keygen -Y sign -n file -f release.pub app.tar.gz""",
    "rpm": """\
# One signature for each package. For a keypair of the category GPG with RSA or Ed25519, since
# rpm 4.18 does not know ECDSA.
countersign agent exec --key release -- \\
  rpmsign --define "__gpg /usr/bin/gpg" --define "_gpg_name release" --addsign package.rpm""",
    "cosign": """\
# One signature for each image. For a keypair with ECDSA or RSA. cosign finds the program
# sigstore-kms-countersign by itself.
cosign sign --key countersign://release registry.example.com/app@sha256:...""",
    "notation": """\
# One signature for each image. For a keypair with ECDSA or RSA-PSS that has a certificate.
# notation wants its plug-in in a folder of its own, as a regular file.
folder="${XDG_CONFIG_HOME:-$HOME/.config}/notation/plugins/countersign"
install -D "$(command -v notation-countersign)" "$folder/notation-countersign"
notation key add --plugin countersign --id release release
notation sign --key release registry.example.com/app@sha256:...""",
}


def missing_certificates_text(aliases: Sequence[str]) -> str:
    """Return what is said at the start of keypairs that have no certificate."""
    return (
        f"No certificate is known of {', '.join(aliases)}. Tools that need one, such as jarsigner,"
        " apksigner and osslsigncode, do not find the keypair or refuse: add one with `countersign"
        " key add-certificate`, or name a file by --certificate. Others sign without."
    )


def setup_text(tool: str) -> str:
    """Return the text of a tool, with the module of this machine in it."""
    return SETUP_TEXTS[tool].replace("{module}", str(client_module() or MODULE_EXAMPLE))
