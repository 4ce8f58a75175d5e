"""Percentiles of how long something takes, and rows of the latency of one connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from statistics import quantiles

from benchmarks.clients.graphql_http import RequestTemplate, load
from benchmarks.comparison import Comparison, by_turns

#: Percentiles, by their place in a list of 99.
PERCENTILES = {"p50": 49, "p99": 98}
SECONDS = 2.0
HOW = (
    f"one connection that asks for {SECONDS:g} s, one request after the other, while nobody else"
    " does"
)


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Return each percentile by its name."""
    cuts = quantiles(seconds, n=100)
    return {name: cuts[place] for name, place in PERCENTILES.items()}


def latency_rows(
    rounds: int, title: str, ours: Sequence[RequestTemplate], floor: Mapping[str, RequestTemplate]
) -> Iterator[Comparison]:
    """Measure milliseconds an answer over one connection, beside a floor's.

    Args:
        rounds: How often it is counted.
        title: What is asked, and of which database.
        ours: What is asked of Countersign, in turn.
        floor: What is asked of the floor, by its name.
    """
    ((other, question),) = floor.items()
    figures = by_turns(
        rounds, {"ours": partial(_latency, ours), "theirs": partial(_latency, [question])}
    )
    for name in PERCENTILES:
        yield Comparison(
            title=f"{title}, one connection: {name}",
            unit="ms",
            ours=[figure[name] for figure in figures["ours"]],
            other=other,
            theirs=[figure[name] for figure in figures["theirs"]],
            note=HOW if name == "p50" else "",
        )


def _latency(questions: Sequence[RequestTemplate]) -> dict[str, float]:
    (latencies,) = load([questions], SECONDS).latencies
    return {name: value * 1000 for name, value in percentiles(latencies).items()}
