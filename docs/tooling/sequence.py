"""Draws sequence diagrams as SVG while the site is built: no reader's browser needs a script.

The notation is the part of Mermaid's that the documents use: participants, messages and notes. A
forge that shows Markdown draws the same text with Mermaid itself.
"""

from __future__ import annotations

import html
import re
import textwrap
from dataclasses import dataclass, field

PARTICIPANT = re.compile(r"participant (\w+) as (.+)")
MESSAGE = re.compile(r"(\w+)(-->>|->>)(\w+): (.+)")
NOTE = re.compile(r"Note over (\w+)(?:,(\w+))?: (.+)")

MARGIN = 90
COLUMN_WIDTH = 200
HEAD_HEIGHT = 44
LINE_HEIGHT = 15
WRAP_CHARACTERS = 30
STEP_GAP = 16


class NotationError(ValueError):
    """A line that is no participant, message or note, or that names an unknown participant."""


@dataclass(frozen=True, slots=True)
class Message:
    """An arrow from one participant to another, or to itself; dashed where it is an answer."""

    source: int
    target: int
    text: str
    is_answer: bool


@dataclass(frozen=True, slots=True)
class Note:
    """A box over one participant, or over all from the first to the last."""

    first: int
    last: int
    text: str


@dataclass(slots=True)
class Diagram:
    """The participants from left to right, and the steps from top to bottom."""

    participants: dict[str, str] = field(default_factory=dict)
    steps: list[Message | Note] = field(default_factory=list)


def parse(source: str) -> Diagram:
    """Read the notation.

    Raises:
        NotationError: a line says nothing that can be drawn.
    """
    head, *lines = [line.strip() for line in source.strip().splitlines()]
    if head != "sequenceDiagram":
        raise NotationError(f"Only sequence diagrams can be drawn, not: {head}")
    diagram = Diagram()
    for line in filter(None, lines):
        _read(line, diagram)
    return diagram


def _read(line: str, diagram: Diagram) -> None:
    names = list(diagram.participants)
    try:
        if match := PARTICIPANT.fullmatch(line):
            diagram.participants[match[1]] = match[2]
        elif match := MESSAGE.fullmatch(line):
            source, target = names.index(match[1]), names.index(match[3])
            diagram.steps.append(Message(source, target, match[4], match[2] == "-->>"))
        elif match := NOTE.fullmatch(line):
            first, last = names.index(match[1]), names.index(match[2] or match[1])
            diagram.steps.append(Note(first, last, match[3]))
        else:
            raise NotationError(f"This cannot be drawn: {line}")
    except ValueError as error:
        raise NotationError(f"This cannot be drawn: {line}") from error


def draw(diagram: Diagram) -> str:
    """The SVG element, in the colours of the text around it."""
    width = 2 * MARGIN + COLUMN_WIDTH * (len(diagram.participants) - 1)
    y = HEAD_HEIGHT + STEP_GAP
    drawn: list[str] = []
    for step in diagram.steps:
        element, height = _note(step, y) if isinstance(step, Note) else _message(step, y)
        drawn.append(element)
        y += height + STEP_GAP
    lifelines = [
        f'<line class="lifeline" x1="{_x(i)}" y1="{HEAD_HEIGHT}" x2="{_x(i)}" y2="{y}"/>'
        for i in range(len(diagram.participants))
    ]
    heads = [_head(i, name) for i, name in enumerate(diagram.participants.values())]
    body = "".join([*lifelines, *heads, *drawn])
    return (
        f'<svg class="sequence" xmlns="http://www.w3.org/2000/svg" role="img"'
        f' viewBox="0 0 {width} {y + 4}" style="max-width:{width}px">{body}</svg>'
    )


def _x(index: int) -> int:
    return MARGIN + COLUMN_WIDTH * index


def _text(lines: list[str], x: float, y: float, kind: str) -> str:
    """Lines of text, the last of them standing at `y`."""
    first = y - LINE_HEIGHT * (len(lines) - 1)
    spans = "".join(
        f'<tspan x="{x:g}" y="{first + LINE_HEIGHT * i:g}">{html.escape(line)}</tspan>'
        for i, line in enumerate(lines)
    )
    return f'<text class="{kind}">{spans}</text>'


def _head(index: int, name: str) -> str:
    x = _x(index)
    box = f'<rect class="head" x="{x - 82}" y="2" width="164" height="{HEAD_HEIGHT - 4}" rx="6"/>'
    lines = textwrap.wrap(name, 22)
    return box + _text(lines, x, 27 + 7.5 * (len(lines) - 1), "name")


def _message(step: Message, y: int) -> tuple[str, int]:
    span = max(1, abs(step.target - step.source))
    lines = textwrap.wrap(step.text, WRAP_CHARACTERS * span - 2)
    height = LINE_HEIGHT * len(lines) + 6
    line_y, source, target = y + height, _x(step.source), _x(step.target)
    kind = "message answer" if step.is_answer else "message"
    if source == target:
        path = f"M{source},{line_y - 12} h26 v12 h-20"
        text = _text(lines, source + 34, line_y - 4, "own")
        tip = f"M{source},{line_y} l9,-4 v8 z"
    else:
        side = 1 if target > source else -1
        path = f"M{source},{line_y} H{target - side * 8}"
        text = _text(lines, (source + target) / 2, line_y - 6, "label")
        tip = f"M{target},{line_y} l{-side * 9},-4 v8 z"
    return f'{text}<path class="{kind}" d="{path}"/><path class="tip" d="{tip}"/>', height


def _note(step: Note, y: int) -> tuple[str, int]:
    left, right = _x(step.first) - 86, _x(step.last) + 86
    lines = textwrap.wrap(step.text, int((right - left) / 6.6))
    height = LINE_HEIGHT * len(lines) + 10
    box = f'<rect class="note" x="{left}" y="{y}" width="{right - left}" height="{height}"/>'
    return box + _text(lines, (left + right) / 2, y + height - 9, "label"), height


def fence(source: str, _language: str, css_class: str, *_: object, **__: object) -> str:
    """Format a fenced block, as the extension superfences asks for it."""
    return f'<div class="{css_class}">{draw(parse(source))}</div>'
