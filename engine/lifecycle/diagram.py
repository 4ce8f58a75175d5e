"""The lifecycle as a picture (SVG), read off the table of transitions.

`python -m engine.lifecycle.diagram docs/images/lifecycle.svg` writes it; a test compares the file.
"""

import math
import sys
from pathlib import Path

from engine.lifecycle.table import TRANSITIONS
from engine.model.vocabulary import Status

Point = tuple[float, float]

#: Where a request starts from, which is no status.
START = "START"
#: The centre of each state, in pixels of the picture. The table says nothing about places.
CENTRES: dict[str, Point] = {
    START: (40, 250),
    Status.PENDING: (230, 160),
    Status.APPROVED: (540, 160),
    Status.ACTIVE: (540, 350),
    Status.IN_PROGRESS: (800, 250),
    Status.COMPLETED: (1000, 250),
    Status.REJECTED: (340, 35),
    Status.FAILED: (540, 495),
}
#: Arrows that would run over another state as straight lines: how far their middle is moved aside.
BENDS: dict[tuple[str, str], float] = {(Status.APPROVED, Status.FAILED): 170}
#: How far two arrows between the same two states stay apart.
APART = 26.0
WIDTH, HEIGHT = 1080, 530
BOX: Point = (66, 19)

STYLE = """\
text { font: 13px sans-serif; fill: #24292f; text-anchor: middle; }
.state { fill: #f2f5f9; stroke: #4a5a70; stroke-width: 1.5; }
.final { fill: #e3e8ef; }
.name { font-weight: bold; }
.arrow { fill: none; stroke: #4a5a70; stroke-width: 1.4; }
.start, .head { fill: #4a5a70; }
.trigger { paint-order: stroke; stroke: #ffffff; stroke-width: 5px; stroke-linejoin: round; }
"""
HEAD = f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="\
The states of a release and the triggers that lead from one to another">
<style>
{STYLE}</style>
<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" \
orient="auto"><path class="head" d="M0,0 L10,5 L0,10 z"/></marker></defs>"""


def svg() -> str:
    """The whole picture: a box for each status, an arrow for each pair that a trigger links."""
    arrows = _arrows()
    parts = [
        HEAD,
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        *(_arrow(source, target, arrows) for source, target in arrows),
        *(_state(status) for status in Status),
        '<circle class="start" cx="{:g}" cy="{:g}" r="9"/>'.format(*CENTRES[START]),
        *(_label(pair, triggers, arrows) for pair, triggers in arrows.items()),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _arrows() -> dict[tuple[str, str], list[str]]:
    """Pairs of states with the triggers that lead from the first to the second."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for row in TRANSITIONS:
        source = row.source.value if row.source is not None else START
        if source == row.target:
            continue
        triggers = arrows.setdefault((source, row.target.value), [])
        if row.trigger.lower() not in triggers:
            triggers.append(row.trigger.lower())
    return arrows


def _state(status: Status) -> str:
    (x, y), (width, height) = CENTRES[status], BOX
    kind = "state final" if status.is_final else "state"
    return (
        f'<rect class="{kind}" x="{x - width:g}" y="{y - height:g}" width="{2 * width:g}"'
        f' height="{2 * height:g}" rx="8"/>\n'
        f'<text class="name" x="{x:g}" y="{y + 5:g}">{status.value}</text>'
    )


def _arrow(source: str, target: str, arrows: dict[tuple[str, str], list[str]]) -> str:
    control = _control(source, target, arrows)
    start, end = _edge(source, control), _edge(target, control)
    return (
        f'<path class="arrow" marker-end="url(#head)" d="M{start[0]:.1f},{start[1]:.1f}'
        f' Q{control[0]:.1f},{control[1]:.1f} {end[0]:.1f},{end[1]:.1f}"/>'
    )


def _label(
    pair: tuple[str, str], triggers: list[str], arrows: dict[tuple[str, str], list[str]]
) -> str:
    source, target = pair
    control = _control(source, target, arrows)
    start, end = _edge(source, control), _edge(target, control)
    x = (start[0] + 2 * control[0] + end[0]) / 4
    y = (start[1] + 2 * control[1] + end[1]) / 4
    return f'<text class="trigger" x="{x:.1f}" y="{y + 4:.1f}">{", ".join(triggers)}</text>'


def _control(source: str, target: str, arrows: dict[tuple[str, str], list[str]]) -> Point:
    """The control point of the arrow's curve: the middle, moved to the arrow's left by its bend."""
    (x1, y1), (x2, y2) = CENTRES[source], CENTRES[target]
    bend = BENDS.get((source, target), APART if (target, source) in arrows else 0.0)
    length = math.hypot(x2 - x1, y2 - y1)
    return (
        (x1 + x2) / 2 + bend * (y2 - y1) / length,
        (y1 + y2) / 2 - bend * (x2 - x1) / length,
    )


def _edge(state: str, towards: Point) -> Point:
    """Where a line from the state's centre towards a point leaves its shape."""
    (x, y) = CENTRES[state]
    dx, dy = towards[0] - x, towards[1] - y
    if state == START:
        length = math.hypot(dx, dy)
        return (x + 11 * dx / length, y + 11 * dy / length)
    scale = min(
        BOX[0] / abs(dx) if dx else math.inf,
        BOX[1] / abs(dy) if dy else math.inf,
    )
    return (x + dx * scale, y + dy * scale)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(svg(), encoding="utf-8")
