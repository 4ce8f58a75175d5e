"""Every form of every algorithm, from every backend, is accepted by programs that are not ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.formats.sshsig import SshContent
from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm, Scheme
from engine.model.errors import Code, Refusal
from engine.model.vocabulary import KeypairCategory
from engine.persistence.db.database import Database
from engine.signing.request import Refused
from tests.support.kms import kms_signer
from tests.support.softhsm import softhsm_signer
from tests.support.world import World, make_world
from tests.verifiers.matrix import (
    ALGORITHMS,
    BACKENDS,
    CHECKS,
    MESSAGE,
    OPENPGP,
    SSHSIG,
    Check,
    refusal_of_server,
)
from tests.verifiers.signing import Signer

pytestmark = pytest.mark.long

SSH = SshContent(namespace="git", digest=bytes(64), digest_algorithm=DigestAlgorithm.SHA512)
CASES = [
    pytest.param(check, algorithm, backend, id=f"{check.program}-{algorithm}-{backend}")
    for backend in BACKENDS
    for algorithm in ALGORITHMS
    for check in CHECKS
    if refusal_of_server(check.form, algorithm) is None
    and (backend != "pkcs11" or algorithm.scheme is not Scheme.ML_DSA)
]


@pytest.fixture
def world(database: Database, tmp_path: Path) -> Iterator[World]:
    """A world with every backend, at the time by which foreign programs judge."""
    world = make_world(database)
    world.clock.instant = datetime.now(UTC).replace(microsecond=0)
    with softhsm_signer(tmp_path) as pkcs11, kms_signer() as kms:
        signers = {**world.system.signers, pkcs11.name: pkcs11, kms.name: kms}
        world.system = replace(world.system, signers=signers)
        yield world


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("check", "algorithm", "backend"), CASES)
def test_the_program_accepts_the_signature_and_no_other_content(
    world: World, tmp_path: Path, check: Check, algorithm: KeypairAlgorithm, backend: str
) -> None:
    category = KeypairCategory.GPG if check.form == OPENPGP else KeypairCategory.STANDARD
    signer = Signer.make(world, category, algorithm, backend)
    for alter in (False, True):
        folder = tmp_path / f"altered-{alter}"
        folder.mkdir()
        expected = not alter and algorithm.scheme not in check.refuses
        assert check.judge(signer, folder, alter) is expected


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "algorithm", [a for a in ALGORITHMS if refusal_of_server(OPENPGP, a)], ids=str
)
def test_openpgp_refuses_other_algorithms_with_a_sentence(
    world: World, algorithm: KeypairAlgorithm
) -> None:
    with pytest.raises(Refusal) as refused:
        Signer.make(world, KeypairCategory.GPG, algorithm, "local")
    assert refused.value.code is Code.INVALID_INPUT
    assert refused.value.message == refusal_of_server(OPENPGP, algorithm)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("form", "algorithm"),
    [(f, a) for f in (MESSAGE, SSHSIG) for a in ALGORITHMS if refusal_of_server(f, a)],
)
def test_other_forms_are_refused_with_a_sentence(
    world: World, form: str, algorithm: KeypairAlgorithm
) -> None:
    signer = Signer.make(world, KeypairCategory.STANDARD, algorithm, "local")
    outcome = signer.outcome(**{MESSAGE: {"message": b"x"}, SSHSIG: {"ssh": SSH}}[form])
    assert isinstance(outcome, Refused)
    assert outcome.refusal.message == refusal_of_server(form, algorithm)
