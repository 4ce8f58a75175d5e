"""The lifecycle as a Mermaid diagram, read off the table.

`python -m engine.diagram README.md` writes it between the file's markers.
"""

import sys
from pathlib import Path

from engine.lifecycle import TRANSITIONS
from engine.vocabulary import Status

BEGIN, END = "```mermaid\n", "```\n<!-- /lifecycle -->"


def mermaid() -> str:
    """A state diagram: an arrow for each pair of states, with the triggers that lead along it."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for row in TRANSITIONS:
        source = row.source.value if row.source is not None else "[*]"
        if source == row.target:
            continue
        triggers = arrows.setdefault((source, row.target.value), [])
        if row.trigger.lower() not in triggers:
            triggers.append(row.trigger.lower())
    lines = ["stateDiagram-v2", "    direction LR"]
    lines += [
        f"    {source} --> {target}: {', '.join(triggers)}"
        for (source, target), triggers in arrows.items()
    ]
    lines += [f"    {status} --> [*]" for status in Status if status.is_final]
    return "\n".join(lines) + "\n"


def drawn_into(text: str) -> str:
    """The text with the diagram between its markers."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{mermaid()}{END}{after}"


if __name__ == "__main__":
    readme = Path(sys.argv[1])
    readme.write_text(drawn_into(readme.read_text(encoding="utf-8")), encoding="utf-8")
