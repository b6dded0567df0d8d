"""Verdict: how a job ended for the person who started it, where its state alone would mislead."""

from dataclasses import dataclass
from typing import Final

from apps.jobs.states import State


@dataclass(frozen=True, slots=True)
class Verdict:
    """Words for the end of a job that ran well and could not do what was asked."""

    words: str
    short: str  # for a drawing
    like: State  # the state whose colour it has
    icon: str

    @property
    def tone(self) -> str:
        """Return the name of its colour."""
        return str(self.like.label)


FAILED_FILE: Final = Verdict("failed: your file", "failed: your file", State.DEAD, "dead")
NOTHING_IMPORTED: Final = Verdict("done with errors, nothing imported", "with errors", State.RETRYING, "warn")
