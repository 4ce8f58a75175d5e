"""The capacities in which a reader is notified, as templates see them."""

from __future__ import annotations

from collections.abc import Collection, Iterator


class Audiences(Collection[str]):
    """The audiences of one reader. It notes whether a template looked at them.

    Whatever was rendered without a look at them is the same for a reader with any others.
    """

    def __init__(self, names: str) -> None:
        """Take the audiences as they are stored: with spaces between them."""
        self._names = tuple(names.split())
        self.was_read = False

    def __contains__(self, name: object) -> bool:
        self.was_read = True
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        self.was_read = True
        return iter(self._names)

    def __len__(self) -> int:
        self.was_read = True
        return len(self._names)

    def __eq__(self, other: object) -> bool:
        return list(self) == other

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __str__(self) -> str:
        return str(list(self))
