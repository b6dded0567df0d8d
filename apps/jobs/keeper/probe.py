"""The probe of a keeper: /healthz and /metrics over HTTP on loopback, from a thread beside its duties."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from django.conf import settings

from apps.jobs import health

_SILENCE_S = 30.0  # one who leads comes round each 0.1 s, one who stands by each two; a duty may take long
_TOO_LONG_S = 300.0  # for one of upkeep, which has a thread of its own


class Probe:
    """What a keeper did, for whoever asks."""

    def __init__(self, keeper: str) -> None:
        """Begin as if it had just come round."""
        self._keeper = keeper
        self._came_round_at = monotonic()
        self._leads = False
        self._runs: Counter[str] = Counter()
        self._rows: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._seconds: dict[str, float] = {}
        self._begun: dict[str, float] = {}  # what it is at

    def listen(self) -> None:
        """Answer where the settings say so."""
        if settings.BACKLINE_KEEPER_HTTP:
            health.answer(settings.BACKLINE_KEEPER_HTTP, trouble=self.trouble, metrics=self.metrics)

    def came_round(self, *, leads: bool) -> None:
        """Say that the database answered who leads."""
        self._came_round_at, self._leads = monotonic(), leads

    def lost_the_lead(self) -> None:
        """Say that the database is away: somebody else may lead by now."""
        self._leads = False

    @contextmanager
    def at(self, duty: str) -> Iterator[None]:
        """Know that a duty is being done."""
        self._begun[duty] = monotonic()
        try:
            yield
        finally:
            del self._begun[duty]

    def did(self, duty: str, *, rows: int, took_s: float, failed: bool) -> None:
        """Count one run of a duty."""
        self._runs[duty] += 1
        self._rows[duty] += rows
        self._errors[duty] += failed
        self._seconds[duty] = self._seconds.get(duty, 0.0) + took_s

    def trouble(self) -> str:
        """Say why this keeper is not well, or nothing: to stand by is well."""
        silence = monotonic() - self._came_round_at
        if silence > _SILENCE_S:
            return (
                f"It has not come round for {silence:.0f} s. Is the database there? "
                "See the log of this keeper."
            )
        for duty, begun in list(self._begun.items()):  # of two threads
            if (took := monotonic() - begun) > _TOO_LONG_S:
                return f"It has been at its duty {duty!r} for {took:.0f} s; others wait for it."
        return ""

    def metrics(self) -> str:
        """Return the counts as Prometheus reads them."""
        me = f'keeper="{self._keeper}"'
        told = [f"# TYPE backline_keeper_leads gauge\nbackline_keeper_leads{{{me}}} {self._leads:d}\n"]
        for what, by_duty in (
            ("runs", dict[str, float](self._runs)),
            ("rows", dict[str, float](self._rows)),
            ("errors", dict[str, float](self._errors)),
            ("seconds", dict(self._seconds)),
        ):
            name = f"backline_keeper_duty_{what}_total"
            told.append(f"# TYPE {name} counter\n")
            told += [f'{name}{{{me},duty="{duty}"}} {count:g}\n' for duty, count in by_duty.items()]
        return "".join(told)
