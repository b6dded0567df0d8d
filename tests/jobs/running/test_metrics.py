"""What a worker did is counted over all its children, and told so that Prometheus can read it."""

import os
import re
import threading

import pytest

from apps.jobs.running import metrics
from apps.jobs.running.metrics import Counts


def test_outcomes_are_summed_and_a_strange_word_is_counted_too() -> None:
    counts = Counts()
    counts.add({"succeeded": 40, "dead": 1}, 0.5)
    counts.add({"succeeded": 2, "lease lost": 3, "evaporated": 4}, 0.25, stale=1)
    jobs, stale, busy = counts.total()
    assert {word: count for word, count in jobs.items() if count} == {
        "succeeded": 42,
        "dead": 1,
        "lease lost": 3,
        "other": 4,
    }
    assert (stale, busy) == (1, 0.75)


def test_what_a_child_counts_is_seen_by_its_parent() -> None:
    counts = Counts()
    if (child := os.fork()) == 0:
        counts.add({"succeeded": 7}, 1.0)
        os._exit(0)
    os.waitpid(child, 0)
    assert counts.total()[0]["succeeded"] == 7


def test_threads_that_count_at_once_lose_nothing() -> None:
    counts = Counts()

    def count() -> None:
        for _ in range(500):
            counts.add({"succeeded": 1}, 0.0)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts.total()[0]["succeeded"] == 2000


def test_every_line_is_a_comment_or_a_sample() -> None:
    counts = Counts()
    counts.add({"succeeded": 3}, 1.5)
    told = metrics.text('a "b"\\\n@here', counts, {"jobs_running": ("Now.", 2)})
    sample = re.compile(r'backline_[a-z_]+\{worker="a \\"b\\"\\\\\\n@here"(,outcome="[a-z ]+")?\} [\d.e+-]+')
    for line in told.splitlines():
        assert line.startswith("# ") or sample.fullmatch(line), line
    assert 'outcome="succeeded"} 3.0' in told
    assert told.count("# TYPE") == told.count("# HELP") == 4


def test_outside_a_worker_nothing_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_current", None)
    metrics.count({"succeeded": 1}, 1.0)
    assert metrics.current().total()[0]["succeeded"] == 0
