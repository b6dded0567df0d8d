"""The probe of a beat: /healthz and /metrics over HTTP on loopback, from a thread beside its loop."""

from time import monotonic

from django.conf import settings

from apps.jobs import health
from apps.schedules import heartbeat

_SILENCE_S = 15.0  # a tick comes every second or sooner, unless the database is away or the loop hangs


class Probe:
    """What a beat did, for whoever asks."""

    def __init__(self) -> None:
        self._ticked_at = monotonic()
        self._counts = {"ticks_total": 0, "moments_total": 0, "plans_total": 0}

    def listen(self) -> None:
        """Answer where the settings say so."""
        if settings.BACKLINE_BEAT_HTTP:
            health.answer(settings.BACKLINE_BEAT_HTTP, trouble=self.trouble, metrics=self.metrics)

    def ticked(self, *, fired: int, planned: int) -> None:
        """Say that a tick was whole."""
        self._ticked_at = monotonic()
        self._counts["ticks_total"] += 1
        self._counts["moments_total"] += fired
        self._counts["plans_total"] += planned

    def trouble(self) -> str:
        """Say why this beat is not well, or nothing."""
        silence = monotonic() - self._ticked_at
        if silence <= _SILENCE_S:
            return ""
        return f"No tick was whole for {silence:.0f} s. Is the database there? See the log of this beat."

    def metrics(self) -> str:
        """Return the counts as Prometheus reads them."""
        return "".join(
            f"# TYPE backline_beat_{name} counter\n"
            f'backline_beat_{name}{{beat="{heartbeat.name()}"}} {count}\n'
            for name, count in self._counts.items()
        )
