"""What a worker did since it started: counted by its children in shared memory, told as Prometheus reads."""

import mmap
import struct
import threading
from collections.abc import Mapping

from billiard.process import current_process

OUTCOMES = ("succeeded", "retrying", "snoozed", "dead", "cancelled", "lease lost", "other")
_ROW = struct.Struct(f"<{len(OUTCOMES)}QQd")  # jobs by outcome, stale messages, seconds busy
_Family = tuple[str, str, str, list[tuple[str, float]]]  # name, kind, sentence, samples with their labels
_PLACES = 256  # in a pool; what a child beyond does is counted by nobody


class Counts:
    """Made before the first fork; each child counts in a row of its own."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _ROW.size * _PLACES)
        self._lock = threading.Lock()  # in a pool of threads all share one row

    def add(self, words: Mapping[str, int], seconds: float, *, stale: int = 0) -> None:
        """Count the outcomes of one message, and how long it took."""
        place = getattr(current_process(), "index", None) or 0
        if place >= _PLACES:
            return
        with self._lock:
            *jobs, stale_before, busy = _ROW.unpack_from(self._memory, place * _ROW.size)
            for word, count in words.items():
                jobs[OUTCOMES.index(word if word in OUTCOMES else "other")] += count
            _ROW.pack_into(self._memory, place * _ROW.size, *jobs, stale_before + stale, busy + seconds)

    def total(self) -> tuple[dict[str, int], int, float]:
        """Return the jobs by outcome, the stale messages, and the seconds busy, over all children."""
        columns = list(zip(*_ROW.iter_unpack(self._memory[:]), strict=True))
        sums = [sum(column) for column in columns]
        return dict(zip(OUTCOMES, sums, strict=False)), int(sums[-2]), float(sums[-1])


def text(worker: str, counts: Counts, gauges: Mapping[str, tuple[str, float]]) -> str:
    """Return everything as Prometheus reads it; ``gauges`` are name, sentence and value of what is so now."""
    jobs, stale, busy = counts.total()
    by_outcome = [(f',outcome="{word}"', float(count)) for word, count in jobs.items()]
    families: list[_Family] = [
        ("jobs_total", "counter", "Attempts that ended here, by how.", by_outcome),
        ("stale_messages_total", "counter", "Messages whose jobs were taken or had ended.", [("", stale)]),
        ("busy_seconds_total", "counter", "Time spent on messages, over all processes.", [("", busy)]),
    ]
    families += [(name, "gauge", sentence, [("", value)]) for name, (sentence, value) in gauges.items()]
    return "".join(_told(_escaped(worker), family) for family in families)


def _told(worker: str, family: _Family) -> str:
    name, kind, sentence, samples = family
    head = f"# HELP backline_{name} {sentence}\n# TYPE backline_{name} {kind}\n"
    lines = (f'backline_{name}{{worker="{worker}"{labels}}} {value}\n' for labels, value in samples)
    return head + "".join(lines)


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


_current: Counts | None = None


def set_current(counts: Counts) -> None:
    """Remember the counts of this worker, before its first child is forked."""
    global _current  # noqa: PLW0603  # one worker a process, for its whole life
    _current = counts


def current() -> Counts:
    """Return the counts of the worker that this process belongs to, or some that nobody asks for."""
    return _current or Counts()


def count(words: Mapping[str, int], seconds: float, *, stale: int = 0) -> None:
    """Count the outcomes of one message, where a worker counts."""
    if _current is not None:
        _current.add(words, seconds, stale=stale)
