"""What comes of an attempt that raised: another one and when, a rest, or the end."""

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from celery.exceptions import TaskPredicate

from apps.jobs.kinds.spans import lasting
from apps.jobs.outcomes import CancelRequested, Discard, LeaseLost, Snooze

_LARGEST_FACTOR = 1000  # to the power of 64 it is still a float
MOST_ATTEMPTS = 32_000  # the columns that count are smallints

# What a body says with these, and what is said to it, is heeded before any policy is asked.
_HEEDED_BEFORE = (Discard, Snooze, CancelRequested, LeaseLost, TaskPredicate)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with jitter, and the errors that deserve something else.

    Of the classes in ``only``, ``discard`` and ``snooze`` the one nearest to the error decides, as among
    ``except`` clauses from the most special one on.
    """

    max_attempts: int = 3
    first: timedelta = timedelta(seconds=5)  # before the second attempt
    factor: float = 3.0
    longest: timedelta = timedelta(hours=1)
    only: tuple[type[Exception], ...] = (Exception,)  # tried again; what is named nowhere is discarded
    discard: tuple[type[Exception], ...] = ()  # dead at once: trying again is of no use
    snooze: Mapping[type[Exception], timedelta] = field(default_factory=dict)  # a rest, not an attempt

    def delay(self, failed_attempts: int) -> timedelta:
        """Return how long to wait after this many failures, spread by a quarter either way."""
        steps = min(failed_attempts - 1, 64)  # 3**64 s is past any longest; a float overflows later
        plain = min(self.first.total_seconds() * self.factor**steps, self.longest.total_seconds())
        return timedelta(seconds=plain * random.uniform(0.75, 1.25))

    def fate(self, error: BaseException) -> Literal["retry", "discard"] | timedelta:
        """Say what becomes of a job that raised this; a timedelta is how long it rests, uncharged."""
        for kind in (*type(error).__mro__, Exception):  # an exit of the process counts as any error
            if kind in self.discard:
                return "discard"
            if kind in self.snooze:
                return self.snooze[kind]
            if kind in self.only:
                return "retry"
        return "discard"

    def check(self) -> None:
        """Raise ValueError, with the way out, for what cannot be kept."""
        if not 1 <= self.max_attempts <= MOST_ATTEMPTS:
            raise ValueError(
                f"retry max_attempts must be from 1 to {MOST_ATTEMPTS}, not {self.max_attempts!r}."
            )
        _check_span("first", self.first)
        _check_span("longest", self.longest)
        if not 0 <= self.factor <= _LARGEST_FACTOR:  # NaN is neither
            raise ValueError(f"retry factor must be from 0 to {_LARGEST_FACTOR}, not {self.factor!r}.")
        for word in ("only", "discard"):
            if not isinstance(getattr(self, word), tuple):
                raise ValueError(f"retry {word} must be a tuple of exceptions, not {getattr(self, word)!r}.")
        if not isinstance(self.snooze, Mapping):
            raise ValueError(f"retry snooze must name a time for each exception, not {self.snooze!r}.")
        self._check_errors()
        for error, rest in self.snooze.items():
            _check_span(f"snooze of {error.__name__}", rest)

    def _check_errors(self) -> None:
        for word, errors in self._named():
            for error in errors:
                _check_error(word, error)
        places = Counter(error for _, errors in self._named() for error in set(errors))
        for error, times in places.items():
            if times > 1:
                both = " and in ".join(word for word, errors in self._named() if error in errors)
                raise ValueError(
                    f"retry names {error.__name__} in {both}. Leave it in one of them; only= says what is"
                    f" tried again ({_told(self.only)})."
                )

    def _named(self) -> tuple[tuple[str, Iterable[type[Exception]]], ...]:
        return ("only", self.only), ("discard", self.discard), ("snooze", self.snooze)


def _check_error(word: str, error: object) -> None:
    if not isinstance(error, type) or not issubclass(error, Exception):
        raise ValueError(f"retry {word} takes classes of exceptions, not {error!r}.")
    if issubclass(error, _HEEDED_BEFORE):
        raise ValueError(
            f"retry {word} names {error.__name__}, which is heeded before the retry policy. Leave it out."
        )


def _check_span(what: str, span: object) -> None:
    if not isinstance(span, timedelta) or span < timedelta():
        raise ValueError(f"retry {what} must be a timedelta that is not negative, not {span!r}.")
    lasting(f"retry {what}", span)


def _told(errors: Iterable[type[Exception]]) -> str:
    return ", ".join(error.__name__ for error in errors)
