"""The most that the figures of a fault may be, beyond what is judged after every fault.

Seconds are what is promised where nobody else wants the processors, and stretch where somebody does.
What has no bound has a reason: how long jobs take to be set aside or to go on after a restart (F14, F18, F24)
is mostly how long the harness's own processes take to start; a broker 2 ms away (F30) is there to compare.
"""

from dataclasses import dataclass

from django.conf import settings

from apps.local.chaos.slowness import slowness
from apps.local.chaos.trial import Broken


@dataclass(frozen=True, slots=True)
class Bound:
    """What was measured, and the most it may be."""

    what: str
    most: float
    unit: str = ""

    def check(self, value: float) -> None:
        """Raise Broken when it is more."""
        most = self.most * (slowness() if self.unit in ("s", "ms") else 1)
        if value > most:
            raise Broken(f"{self.what}: {value:.4g} {self.unit}, at most {most:.4g}".replace(" ,", ","))


TAKEOVER = Bound("I6: until a keeper leads (again)", 10, "s")  # F07, F11
ALL_AGAIN = Bound("I6: until every job began that lay in a flushed broker", 10, "s")  # F20
PAUSE = Bound("I13: no other job ended for", 5, "s")  # F16 to F18: all four processes may have died at once
KILLS = Bound("I13: processes that a job killed until it was set aside", settings.BACKLINE_MAX_DEATHS)  # F16
ATTEMPTS = Bound("I5: attempts of a job whose finish waited for its row before the rescue did", 1)  # F13
ENQUEUE = Bound("enqueues beside a frozen broker (p99)", 100, "ms")  # F21: who waits for it waits for seconds
# F39. Empty jobs tell how fast the machine is just now: where nothing happens (F00) they read 60 to 143 %.
SLOWDOWN = Bound("I14: jobs a second without old snapshots, against those with them", 2.5)
AFTER_LOCK = Bound("the slowest enqueue, beyond the time that the lock was held", 4, "s")  # F40
DEADLOCKS = Bound("deadlocks, since somebody takes locks in another order", 0)  # F41
STRANGERS = Bound("I2: jobs that ran though the ledger did not know their ids", 0)  # F45
SPREAD = Bound("retries in their busiest second, against their mean", 3.5)  # F48
# F47. Served in turn, the others would wait as long as the flood's last jobs do.
CROWDED = Bound("the others' wait (p99) beside a flood, against the flood's own (p50)", 0.5)
NOTICED_S = 1.0  # shorter waits say nothing: a slow machine makes them by itself


def check_fairness(others_s: float, own_s: float) -> None:
    """Raise Broken when one tenant's flood makes the others wait as if they stood behind it."""
    if others_s > NOTICED_S:
        CROWDED.check(others_s / own_s)
