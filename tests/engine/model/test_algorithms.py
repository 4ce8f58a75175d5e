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
def test_the_openpgp_algorithms_and_no_others_are_of_category_gpg(
    algorithm: KeypairAlgorithm,
) -> None:
    openpgp = algorithm.name.startswith("OPENPGP_")
    assert (algorithm.category is KeypairCategory.GPG) == openpgp


@pytest.mark.parametrize("algorithm", [a for a in KeypairAlgorithm if "RSA" in a])
def test_an_rsa_algorithm_is_named_after_its_modulus(algorithm: KeypairAlgorithm) -> None:
    assert algorithm.name.endswith(f"_{algorithm.bits}")
