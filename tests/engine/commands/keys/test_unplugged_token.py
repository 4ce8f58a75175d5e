"""An HSM whose token is away before or between the steps of what is done with its keys.

Each time the refusal says what to do and nothing has changed; when the token is back the same is
done, without a restart.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from engine.commands.keys.create_keypair import CreateKeypair
from engine.commands.keys.existing_keypairs import AdoptKeypair
from engine.commands.keys.x509_certificates import (
    CreateCertificateRequest,
    IssueSelfSignedCertificate,
)
from engine.commands.maintenance.unused_keys import unused_keys
from engine.model.algorithms import KeypairAlgorithm
from engine.model.errors import Code
from engine.model.vocabulary import KeypairCategory, ReleaseType
from engine.signers.base import SignerContext
from engine.signers.keyring import Keyring
from engine.signers.pkcs11.signer import Pkcs11Signer
from engine.signing.request import Made, Refused
from tests.support.pkcs11_faults import FaultyModule
from tests.support.softhsm import add_token, configure_softhsm, softhsm_module
from tests.support.world import World

LABEL, PIN = "unplugged", "2468-1357"
P256 = KeypairAlgorithm.ECDSA_P256


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyModule]:
    real = softhsm_module()
    if real is None:
        pytest.skip("SoftHSM (softhsm2) is not installed")
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    pkcs11 = pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed")
    home: Path = tmp_path_factory.mktemp("unplugged")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", configure_softhsm(home))
        add_token(LABEL, PIN)
        module = FaultyModule(home, real)
        module.reset()
        yield module
        module.unplug(unplugged=False)
        pkcs11.lib(module.path).finalize()


class SteppingSigner(Pkcs11Signer):
    """The signer `pkcs11`, whose token is taken away before one of its steps."""

    module: FaultyModule
    #: How many steps are done before it; None: it stays.
    steps_left: int | None = None

    def _step(self) -> None:
        if self.steps_left == 0:
            self.module.unplug(unplugged=True)
            # A token that comes back has other handles: so does the real one.
            self._token._disconnect()
        if self.steps_left is not None:
            self.steps_left -= 1

    def generate(self, *args: Any) -> Any:
        self._step()
        return super().generate(*args)

    def adopt(self, *args: Any) -> Any:
        self._step()
        return super().adopt(*args)

    def sign(self, *args: Any) -> bytes:
        self._step()
        return super().sign(*args)


@pytest.fixture
def hsm(world: World, module: FaultyModule) -> Iterator[SteppingSigner]:
    names = {"pkcs11_module": module.path, "pkcs11_token": LABEL, "pkcs11_pin": PIN}
    (signer,) = SteppingSigner.from_context(SignerContext(Keyring([bytes(32)]), names))
    signer.module = module
    world.system = replace(world.system, signers={**world.system.signers, "pkcs11": signer})
    yield signer
    module.unplug(unplugged=False)
    signer._token._disconnect()


CREATION = {"alias": "new", "type": ReleaseType.OFFLINE, "algorithm": P256, "backend": "pkcs11"}


def _create(world: World) -> CreateKeypair:
    return CreateKeypair(**CREATION)  # type: ignore[arg-type]


def _create_openpgp(world: World) -> CreateKeypair:
    return CreateKeypair(**CREATION, category=KeypairCategory.GPG)  # type: ignore[arg-type]


def _adopt(world: World) -> AdoptKeypair:
    return AdoptKeypair(**CREATION, key=str(world.things["in the token"]))  # type: ignore[arg-type]


def _request(world: World) -> CreateCertificateRequest:
    certified = {"keypair_id": world.things["token"], "subject": "CN=Example", "reason": "Tests."}
    return CreateCertificateRequest(**certified)


def _self_signed(world: World) -> IssueSelfSignedCertificate:
    certified = {"keypair_id": world.things["token"], "subject": "CN=Example", "reason": "Tests."}
    return IssueSelfSignedCertificate(**certified, days=30)


#: Each command, with how often it asks the signer.
COMMANDS = [(_create, 1), (_create_openpgp, 6), (_adopt, 2), (_request, 1), (_self_signed, 1)]


@pytest.mark.parametrize(
    ("make", "steps"), COMMANDS, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_command_is_refused_while_the_token_is_away_and_works_when_it_is_back(
    world: World, hsm: SteppingSigner, make: Callable[[World], Any], steps: int
) -> None:
    world.add_keypair("token", algorithm=P256, backend="pkcs11")
    id_ = world.things["in the token"] = uuid4()
    hsm._token.make_key(P256, id_.bytes, str(id_))
    before, unused = world.snapshot(), unused_keys(world.system.database, [hsm])
    for step in range(steps):
        hsm.steps_left = step
        refusal = world.refused("admin", make(world))
        assert refusal.code is Code.SIGNER_FAILED
        assert "Check" in refusal.message, "it says what to do"
        assert world.snapshot() == before
        hsm.module.unplug(unplugged=False)
        hsm.steps_left = None
        hsm.health()  # which also removes what was begun
        assert unused_keys(world.system.database, [hsm]) == unused
    hsm.steps_left = steps + 1
    world.do("admin", make(world))
    assert hsm.steps_left == 1, "these are all of its steps"
    assert unused_keys(world.system.database, [hsm]) == unused


def test_a_signature_is_refused_while_the_token_is_away_and_made_when_it_is_back(
    world: World, hsm: SteppingSigner
) -> None:
    world.add_keypair("token", ReleaseType.ONLINE, algorithm=P256, backend="pkcs11")
    world.set_team("blue", keypairs=["token"])
    hsm.steps_left = 0
    (refused,) = world.sign("dev", "token")
    assert isinstance(refused, Refused)
    assert refused.refusal.code is Code.SIGNER_FAILED
    assert "Check" in refused.refusal.message
    hsm.module.unplug(unplugged=False)
    hsm.steps_left = None
    (outcome,) = world.sign("dev", "token")
    assert isinstance(outcome, Made)
