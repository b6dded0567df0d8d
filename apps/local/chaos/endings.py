"""Who ended badly that did nothing wrong (I4): set aside or cancelled, and the fault did not make it so."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Endings:
    """The jobs of a trial that did not succeed."""

    dead: Set[str]
    cancelled: Set[str]
    cut_off: Set[str]  # dead, since nobody knows whether their effect happened


def wronged(endings: Endings, *, may_die: Set[str], may_be_cancelled: Set[str]) -> Iterator[str]:
    """Say how many were set aside, and how many cancelled, that the fault did not mean."""
    if innocent := endings.dead - endings.cut_off - may_die:
        yield f"I4: {len(innocent)} jobs were set aside that did nothing wrong{_such_as(innocent)}"
    if unasked := endings.cancelled - may_be_cancelled:
        yield f"I4: {len(unasked)} jobs were cancelled that nobody asked to stop{_such_as(unasked)}"


def cut_off(unknown: Set[str], begun: Mapping[str, int]) -> set[str]:
    """Return of jobs whose effect nobody knows of those that may say so: they began it before they died.

    Their first execution began the effect, so it takes a second one to find it cut off.
    """
    return {job for job in unknown if begun.get(job, 0) > 1}


def _such_as(jobs: Set[str]) -> str:
    return f", such as {min(jobs)}"
