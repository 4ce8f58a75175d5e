"""What `countersign agent setup` prints: commands to copy, for a keypair named `release`."""

from __future__ import annotations

from countersign.agent.tool_environment import client_module

#: Stands for p11-kit's client module where that is not installed.
MODULE_EXAMPLE = "/usr/lib/x86_64-linux-gnu/pkcs11/p11-kit-client.so"

_JAVA = """\
# Java finds the keypairs by itself under `countersign agent exec`: JAVA_TOOL_OPTIONS names them."""

SETUP_TEXTS = {
    "jarsigner": f"""\
{_JAVA}
# The keypair needs a certificate. One signature for each jar.
countersign agent exec -- \\
  jarsigner -keystore NONE -storetype PKCS11 -storepass "" app.jar release""",
    "apksigner": f"""\
{_JAVA}
# The keypair needs a certificate. Three signatures for each APK: schemes v1, v2 and v3.
countersign agent exec -- \\
  apksigner sign --ks NONE --ks-type PKCS11 --ks-pass pass: --ks-key-alias release app.apk""",
    "osslsigncode": """\
# Needs libengine-pkcs11-openssl and a certificate. One signature for each file.
countersign agent exec -- \\
  osslsigncode sign -pkcs11module {module} \\
  -key "pkcs11:token=Countersign;object=release;type=private" -certs release.pem \\
  -h sha256 -in app.exe -out app-signed.exe""",
}


def setup_text(tool: str) -> str:
    """Return the text of a tool, with the module of this machine in it."""
    module = client_module() or MODULE_EXAMPLE
    return SETUP_TEXTS[tool].replace("{module}", str(module))
