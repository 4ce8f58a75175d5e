"""Signing in 100 accounts on PostgreSQL, by several processes, and how fair that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from statistics import mean, median

from benchmarks.clients.graphql_http import RequestTemplate, load, rate
from benchmarks.clients.sign_requests import FLOOR, sign_requests
from benchmarks.comparison import Comparison, by_turns
from benchmarks.data.signing_world import Signing, signing_account
from benchmarks.environment import servers
from benchmarks.environment.databases import empty_database
from benchmarks.floors.signature_check import check_signatures
from engine.model.algorithms import KeypairAlgorithm
from engine.persistence.db.database import Database
from engine.persistence.store.migrate import migrate

BACKEND = "PostgreSQL"
ACCOUNTS = 100
PROCESSES = (1, 2, 4)
CONNECTIONS = 32
#: Of the large account; each of as many small ones has one connection beside them.
LARGE_CONNECTIONS, SMALL_ACCOUNTS = 32, 16
SECONDS = 2.0
HOW = (
    f"{CONNECTIONS} connections, spread over the processes, each walks through the accounts, for"
    f" {SECONDS:g} s; client, servers and database share this machine's cores, so that on two of"
    " them more processes can show little: compare with what the floor gains"
)
FAIRNESS_HOW = (
    f"{LARGE_CONNECTIONS} connections of one account and one of each of {SMALL_ACCOUNTS} others,"
    f" spread over the processes, for {SECONDS:g} s; 1: a small account waits as long as each"
    " caller of the large one"
)


def run(rounds: int) -> Iterator[Comparison]:
    """Measure signatures a second."""
    with ExitStack() as stack:
        url = stack.enter_context(empty_database(BACKEND))
        accounts = _fill(url)
        ours = [stack.enter_context(servers.countersign(url)).url for _ in range(max(PROCESSES))]
        floors = [
            stack.enter_context(servers.bare_strawberry("bare_sign")).url
            for _ in range(max(PROCESSES))
        ]
        sides = {}
        for number in PROCESSES:
            questions = _requests(accounts, ours[:number])
            constant = sign_requests(accounts[0], floors[:number])
            sides[f"ours {number}"] = partial(rate, questions, CONNECTIONS, SECONDS)
            sides[f"floor {number}"] = partial(rate, constant, CONNECTIONS, SECONDS)
        yield from _rates(by_turns(rounds, sides))
        fairness = {
            str(number): partial(_small_and_large, accounts, ours[:number]) for number in PROCESSES
        }
        yield from _fairness(by_turns(rounds, fairness))
        for signing in accounts:
            assert check_signatures(url, signing)


def _fill(url: str) -> list[Signing]:
    database = Database(url)
    migrate(database)
    accounts = [
        signing_account(database, KeypairAlgorithm.ECDSA_P256, name=f"Account {number}")
        for number in range(ACCOUNTS)
    ]
    database.dispose()
    return accounts


def _requests(accounts: Sequence[Signing], urls: Sequence[str]) -> list[RequestTemplate]:
    return [question for account in accounts for question in sign_requests(account, urls)]


def _rates(figures: dict[str, list[float]]) -> Iterator[Comparison]:
    for number in PROCESSES:
        yield Comparison(
            title=f"sign over HTTP, {ACCOUNTS} accounts, {_processes(number)}, {BACKEND}",
            unit="signatures/s",
            ours=figures[f"ours {number}"],
            other=f"{FLOOR}, {_processes(number)}",
            theirs=figures[f"floor {number}"],
            note=HOW if number == PROCESSES[0] else "",
        )
    for number in PROCESSES[1:]:
        floor = median(figures[f"floor {number}"]) / median(figures["floor 1"])
        yield Comparison(
            title=f"sign over HTTP, {ACCOUNTS} accounts, gain of {_processes(number)}, {BACKEND}",
            unit="signatures/s",
            ours=figures[f"ours {number}"],
            other="1 process",
            theirs=figures["ours 1"],
            note=f"the floor gains {floor:.2f}",
        )


def _small_and_large(accounts: Sequence[Signing], urls: Sequence[str]) -> tuple[float, float]:
    """Return the rate of a small account's connection, and of one of the large account's."""
    large, *small = accounts[: SMALL_ACCOUNTS + 1]
    owners = [large] * LARGE_CONNECTIONS + small
    walks = [sign_requests(owner, [urls[place % len(urls)]]) for place, owner in enumerate(owners)]
    answers = [len(latencies) for latencies in load(walks, SECONDS).latencies]
    rates = [number / SECONDS for number in answers]
    return mean(rates[LARGE_CONNECTIONS:]), mean(rates[:LARGE_CONNECTIONS])


def _fairness(figures: dict[str, list[tuple[float, float]]]) -> Iterator[Comparison]:
    for number in PROCESSES:
        small, large = zip(*figures[str(number)], strict=True)
        yield Comparison(
            title=f"sign over HTTP, a small account beside a large one, {_processes(number)},"
            f" {BACKEND}",
            unit="signatures/s of a connection",
            ours=list(small),
            other="a connection of the large account",
            theirs=list(large),
            note=FAIRNESS_HOW if number == PROCESSES[0] else "",
        )


def _processes(number: int) -> str:
    return "1 process" if number == 1 else f"{number} processes"
