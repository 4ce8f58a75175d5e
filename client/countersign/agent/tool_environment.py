"""Files and variables by which tools use the agent without any option of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from countersign.connection.credentials import CREDENTIAL_VARIABLES

#: Where distributions put p11-kit's client module, and libp11's engine of OpenSSL.
CLIENT_MODULE_PATTERNS = (
    "usr/lib/*/pkcs11/p11-kit-client.so",
    "usr/lib64/pkcs11/p11-kit-client.so",
    "usr/lib/pkcs11/p11-kit-client.so",
)
ENGINE_PATTERNS = ("usr/lib/*/engines-3/pkcs11.so", "usr/lib64/engines-3/pkcs11.so")
SYSTEM_OPENSSL_CONFIGURATION = Path("/etc/ssl/openssl.cnf")
#: The number of the provider SunPKCS11 in `java.security` of the JDKs 11 to 21.
JAVA_PROVIDER_NUMBER = 12


def _first_match(patterns: tuple[str, ...]) -> Path | None:
    matches = (path for pattern in patterns for path in sorted(Path("/").glob(pattern)))
    return next(matches, None)


def client_module() -> Path | None:
    """Return p11-kit's client module; None where it is not installed."""
    return _first_match(CLIENT_MODULE_PATTERNS)


def openssl_engine() -> Path | None:
    """Return libp11's engine of OpenSSL; None where it is not installed."""
    return _first_match(ENGINE_PATTERNS)


@dataclass(frozen=True, slots=True)
class ToolFiles:
    """Where the agent keeps its sockets, and the files that point tools to them.

    Args:
        folder: A folder that only the user can enter.
    """

    folder: Path

    @property
    def pkcs11_socket(self) -> Path:
        """The socket of p11-kit's clients."""
        return self.folder / "pkcs11"

    @property
    def ssh_socket(self) -> Path:
        """The socket of ssh's tools."""
        return self.folder / "ssh"

    @property
    def gnupg_home(self) -> Path:
        """The home folder of gpg."""
        return self.folder / "gnupg"

    @property
    def gpg_socket(self) -> Path:
        """The socket of gpg, where it looks for its agent."""
        return self.gnupg_home / "S.gpg-agent"

    @property
    def java_provider(self) -> Path:
        """The configuration of the provider SunPKCS11."""
        return self.folder / "p11.cfg"

    @property
    def java_security(self) -> Path:
        """Properties that give Java this provider."""
        return self.folder / "java.security"

    @property
    def openssl_configuration(self) -> Path:
        """OpenSSL's configuration with the engine `pkcs11`."""
        return self.folder / "openssl.cnf"

    def write(self) -> None:
        """Write the files of the tools that are installed."""
        module, engine = client_module(), openssl_engine()
        if module:
            self.java_provider.write_text(
                f"name = Countersign\nlibrary = {module}\nslotListIndex = 0\n"
            )
            self.java_security.write_text(
                f"security.provider.{JAVA_PROVIDER_NUMBER}=SunPKCS11 {self.java_provider}\n"
            )
        if module and engine:
            self.openssl_configuration.write_text(_openssl_configuration(module, engine))

    def variables(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that tools need, beside those that they have."""
        return dict(self._variables(environment))

    def _variables(self, environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        yield "P11_KIT_SERVER_ADDRESS", f"unix:path={self.pkcs11_socket}"
        yield "SSH_AUTH_SOCK", str(self.ssh_socket)
        yield "GNUPGHOME", str(self.gnupg_home)
        if module := client_module():
            yield "COUNTERSIGN_PKCS11_MODULE", str(module)
            yield "COUNTERSIGN_JAVA_PROVIDER", str(self.java_provider)
            options = environment.get("JAVA_TOOL_OPTIONS", "")
            option = f"-Djava.security.properties={self.java_security}"
            yield "JAVA_TOOL_OPTIONS", f"{options} {option}".strip()
        if self.openssl_configuration.exists():
            yield "OPENSSL_CONF", str(self.openssl_configuration)


def _openssl_configuration(module: Path, engine: Path) -> str:
    """The system's configuration with an engine, which is loaded when a tool names it."""
    return f"""\
openssl_conf = openssl_init
.include {SYSTEM_OPENSSL_CONFIGURATION}

[openssl_init]
engines = countersign_engines

[countersign_engines]
pkcs11 = countersign_engine

[countersign_engine]
engine_id = pkcs11
dynamic_path = {engine}
MODULE_PATH = {module}
init = 0
"""


def command_environment(environment: Mapping[str, str], files: ToolFiles) -> dict[str, str]:
    """Return the environment of a command that runs under the agent.

    It has none of the variables that lead to a credential: the command reaches keypairs through the
    agent's sockets alone.
    """
    passed_on = {k: v for k, v in environment.items() if k not in CREDENTIAL_VARIABLES}
    return passed_on | files.variables(environment)
