"""The last hour of a kind as strokes, one a minute, for the page of queues and kinds."""

from dataclasses import dataclass
from typing import NamedTuple

from apps.jobs.operating.throughput import MINUTES, LastHour, Minute
from apps.lib import words

_HEIGHT = 24
_STEP = 3
_NOTHING = 1  # how high a stroke is that stands for no job
_LEAST = 3


class Stroke(NamedTuple):
    """One minute: where it stands, how high, and what it says."""

    x: int
    y: int
    height: int
    word: str
    minute: Minute | None


@dataclass(frozen=True, slots=True)
class Drawn:
    """An hour in numbers and in strokes."""

    numbers: LastHour
    strokes: list[Stroke]

    @property
    def told(self) -> str:
        """Say what the strokes say."""
        hour = self.numbers
        return f"last hour, minute by minute: {hour.succeeded} succeeded, {hour.dead} dead"

    @property
    def took(self) -> str:
        """Say how long a job that succeeded ran."""
        return "" if self.numbers.mean_run is None else words.span(self.numbers.mean_run)


def drawn(hour: LastHour | None) -> Drawn | None:
    """Draw a kind's last hour; the highest stroke is its busiest minute."""
    if hour is None:
        return None
    most = max(minute.succeeded + minute.dead for minute in hour.minutes.values())
    return Drawn(hour, [_stroke(place, hour.minutes.get(place), most) for place in range(MINUTES)])


def _stroke(place: int, minute: Minute | None, most: int) -> Stroke:
    ended = minute.succeeded + minute.dead if minute else 0
    height = max(_LEAST, round(_HEIGHT * ended / most)) if ended else _NOTHING
    word = "nothing" if minute is None or not ended else "dead" if minute.dead else "succeeded"
    return Stroke(place * _STEP, _HEIGHT - height, height, word, minute if ended else None)
