"""What a job may raise to say how it ends, and what the platform raises into it."""

from datetime import timedelta

from celery.exceptions import SoftTimeLimitExceeded


class Discard(Exception):  # noqa: N818  # it is a word a job says, not an error of ours
    """End the job as dead at once: no retry can heal it. Its sentence is shown to the one who started it."""


class EffectUnknown(Discard):
    """An outside effect was begun and may have happened: a person has to look, no retry can tell."""


class Snooze(Exception):  # noqa: N818
    """Go on later; the attempt is not counted."""

    def __init__(self, delay: timedelta, reason: str = "") -> None:
        """Sleep this long, counted by the database's clock."""
        super().__init__(reason)
        self.delay = delay


class CancelRequested(Exception):  # noqa: N818
    """Tell a running job that a person asked it to stop; let it pass through."""


class LeaseLost(Exception):  # noqa: N818
    """Tell a running job that it is no longer its own; nothing it writes counts. Let it pass through."""


class TimedOut(SoftTimeLimitExceeded):
    """Tell a running job that it used up its timeout; bodies written for Celery catch it by Celery's name."""

    __str__ = Exception.__str__  # billiard's shows the class and a tuple
