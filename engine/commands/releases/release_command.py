"""The base of the commands on one release."""

from __future__ import annotations

from engine.commands.command import Command, Result
from engine.persistence.store.locks import Lock


class ReleaseCommand(Command[Result]):
    """A command on the release whose id is its field `release_id`.

    It locks that release, so that of two commands at the same instant one is the later. A refused
    attempt is an entry of the release's history.
    """

    subject_kind = "Release"
    subject_field = "release_id"

    def lock(self) -> Lock:
        """Return the release, where there is one."""
        return Lock(releases=frozenset({self.subject_id} if self.subject_id else ()))
