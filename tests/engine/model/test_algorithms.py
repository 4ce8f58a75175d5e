"""The facts about algorithms, checked against the libraries that know them."""

import hashlib

import pytest

from engine.model.algorithms import SHAPES, DigestAlgorithm, KeypairAlgorithm
from engine.model.vocabulary import KeypairCategory


@pytest.mark.parametrize("algorithm", DigestAlgorithm)
def test_a_digest_is_as_long_as_its_hash_makes_it(algorithm: DigestAlgorithm) -> None:
    assert algorithm.length == hashlib.new(algorithm.value).digest_size


def test_every_keypair_algorithm_has_its_facts() -> None:
    assert set(SHAPES) == set(KeypairAlgorithm)


@pytest.mark.parametrize("algorithm", KeypairAlgorithm)
def test_openpgp_has_keys_of_every_algorithm_but_rsa_pss_and_ml_dsa(
    algorithm: KeypairAlgorithm,
) -> None:
    expected = {KeypairCategory.STANDARD, KeypairCategory.GPG}
    if algorithm.name.startswith(("RSA_PSS", "ML_DSA")):
        expected = {KeypairCategory.STANDARD}
    if algorithm.name.startswith("OPENPGP_"):
        expected = {KeypairCategory.GPG}
    assert algorithm.categories == expected


def test_earlier_names_mean_raw_algorithms_of_the_same_shape() -> None:
    earlier = [a for a in KeypairAlgorithm if a is not a.current]
    assert earlier == [KeypairAlgorithm.OPENPGP_ED25519, KeypairAlgorithm.OPENPGP_RSA_4096]
    assert all(SHAPES[a] == SHAPES[a.current] for a in earlier)


@pytest.mark.parametrize("algorithm", [a for a in KeypairAlgorithm if "RSA" in a])
def test_an_rsa_algorithm_is_named_after_its_modulus(algorithm: KeypairAlgorithm) -> None:
    assert algorithm.name.endswith(f"_{algorithm.bits}")
