"""What one check found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from apps.lib import redact


class Level(StrEnum):
    """Well, worth knowing, or wrong."""

    OK = "ok"
    INFO = "info"
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report; `mend` is empty when all is well. Holds no secrets."""

    name: str
    level: Level
    what: str
    mend: str = ""

    def __post_init__(self) -> None:
        """Mask what looks like a secret: an error of a library may hold an address."""
        object.__setattr__(self, "what", redact.scrubbed(self.what))


def well(name: str, what: str) -> Finding:
    """Report that all is well."""
    return Finding(name, Level.OK, what)


def note(name: str, what: str, mend: str = "") -> Finding:
    """Report something that hinders nothing."""
    return Finding(name, Level.INFO, what, mend)


def wrong(name: str, what: str, mend: str) -> Finding:
    """Report what is wrong and how to mend it."""
    return Finding(name, Level.WRONG, what, mend)
