"""Signing over HTTP: one by one against bare Strawberry that answers a constant; and batches."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

from api.graphql.ids import to_global
from benchmarks import servers
from benchmarks.asking import Question, rate
from benchmarks.comparing import Comparison, Goal, Run, by_turns
from benchmarks.databases import BACKENDS, empty_database
from benchmarks.signing_world import Signing, signing_world
from engine.algorithms import KeypairAlgorithm

CONNECTIONS = 32
SECONDS = 3.0
RELEASES = 100
BATCH = 1000
SIGN = """mutation ($input: SignInput!) { sign(input: $input) {
  signature { id value } errors { code } } }"""
SIGN_BATCH = """mutation ($input: SignBatchInput!) { signBatch(input: $input) {
  outcomes { signature { value } } errors { code } } }"""


def run(rounds: int) -> Iterator[Comparison]:
    """Signatures a second."""
    for backend in BACKENDS:
        yield from _one_by_one(backend, rounds)
        yield _batches(backend, rounds)


def _one_by_one(backend: str, rounds: int) -> Iterator[Comparison]:
    with ExitStack() as stack:
        signing, urls = _served(stack, backend, KeypairAlgorithm.ECDSA_P256, RELEASES)
        floor = stack.enter_context(servers.bare_strawberry("bare_sign"))
        hot, many = _questions(signing, urls[:1], 1), _questions(signing, urls[:1], RELEASES)
        constant = [Question(f"{floor.url}/graphql", SIGN, None, hot[0].variables)]
        sides = {"constant": constant, "a hot release": hot, f"{RELEASES} releases": many}
        sides["a hot release, 2 processes"] = _questions(signing, urls, 1)
        rates: dict[str, Run] = {
            name: partial(rate, asked, CONNECTIONS, SECONDS) for name, asked in sides.items()
        }
        figures = by_turns(rounds, rates)
    floor_figures = figures.pop("constant")
    for name, figure in figures.items():
        yield Comparison(
            title=f"sign over HTTP, {name}, {backend}",
            unit="signatures/s",
            ours=figure,
            other="bare Strawberry answering a constant",
            theirs=floor_figures,
            goal=Goal(ratio=0.6) if "processes" not in name else None,
            note=f"{CONNECTIONS} kept connections of one client for {SECONDS:g} s",
        )


def _batches(backend: str, rounds: int) -> Comparison:
    with ExitStack() as stack:
        signing, urls = _served(stack, backend, KeypairAlgorithm.ED25519, 1)
        items = [{"digest": b64encode(os.urandom(32)).decode()} for _ in range(BATCH)]
        asked = {"input": {"keypairId": _keypair(signing, 0), "items": items}}
        question = Question(f"{urls[0]}/graphql", SIGN_BATCH, signing.token, asked)
        answer = question.answer()["signBatch"]
        assert all(outcome["signature"]["value"] for outcome in answer["outcomes"]), answer
        figures = by_turns(rounds, {"ours": partial(question.rate, 1, SECONDS)})["ours"]
    return Comparison(
        title=f"signBatch of {BATCH} Ed25519 over HTTP, {backend}",
        unit="signatures/s",
        ours=[figure * BATCH for figure in figures],
        goal=Goal(ratio=5000),
    )


def _served(
    stack: ExitStack, backend: str, algorithm: KeypairAlgorithm, releases: int
) -> tuple[Signing, list[str]]:
    """Two processes over the same database."""
    url, key = stack.enter_context(empty_database(backend)), os.urandom(32)
    signing = signing_world(url, algorithm, releases, key)
    signing.system.database.dispose()
    told = {"COUNTERSIGN_MASTER_KEY": b64encode(key).decode()}
    processes = [stack.enter_context(servers.countersign(url, **told)) for _ in range(2)]
    return signing, [process.url for process in processes]


def _questions(signing: Signing, urls: list[str], keypairs: int) -> list[Question]:
    digest = b64encode(os.urandom(32)).decode()
    return [
        Question(
            f"{urls[number % len(urls)]}/graphql",
            SIGN,
            signing.token,
            {"input": {"keypairId": _keypair(signing, number % keypairs), "digest": digest}},
        )
        for number in range(max(keypairs, len(urls)))
    ]


def _keypair(signing: Signing, number: int) -> str:
    return to_global("Keypair", signing.keypair_ids[number])
