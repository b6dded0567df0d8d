"""The judge counts what the witness saw: it must see a loss, a double and a rescue that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apps.local.chaos import sink
from apps.local.chaos.faults.table import FAULTS
from apps.local.chaos.report import HEAD, told
from apps.local.chaos.rescues import waits_of
from apps.local.chaos.run import compare
from apps.local.chaos.sink import Line, Sink
from apps.local.chaos.throughput import Throughput
from apps.local.chaos.verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path

PROMISED = [*range(1, 36), *range(39, 46), *range(47, 50), *range(60, 69)]


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sink:
    monkeypatch.setenv(sink.DIRECTORY, str(tmp_path))
    return Sink(tmp_path)


def test_every_promised_fault_is_in_the_table() -> None:
    assert ["F00", *(f"F{number:02}" for number in PROMISED)] == sorted(FAULTS)


def test_the_sink_tells_what_was_written_and_nothing_twice(there: Sink) -> None:
    sink.tell("begun", "a", "plain")
    assert [line.what for line in there.lines()] == ["begun"]
    sink.tell("done", "a", "plain")
    assert [line.what for line in there.lines()] == ["begun", "done"]
    assert [line.job for line in there.lines("done")] == ["a"]


def test_half_a_line_is_read_when_it_is_whole(there: Sink, tmp_path: Path) -> None:
    with (tmp_path / "lines").open("a") as file:
        file.write("1.0 begun a pl")
        file.flush()
        assert there.lines() == []
        file.write("ain 7\n")
    assert there.lines() == [Line(1.0, "begun", "a", "plain", 7)]


def test_a_key_is_accepted_once(there: Sink) -> None:
    assert [sink.once("a"), sink.once("a"), sink.once("b")] == [True, False, True]
    assert there.keys() == {"a", "b"}


def test_a_process_works_on_what_it_began_and_did_not_end(there: Sink) -> None:
    sink.tell("begun", "a", "plain")
    sink.tell("done", "a", "plain")
    assert there.working() == {}
    sink.tell("begun", "b", "plain")
    assert [line.job for line in there.working().values()] == ["b"]


def test_a_rescue_is_measured_from_the_death_to_the_next_beginning() -> None:
    lines = [
        Line(1.0, "begun", "ended before", "plain", 7),
        Line(1.5, "done", "ended before", "plain", 7),
        Line(2.0, "begun", "under way", "plain", 7),
        Line(2.0, "begun", "a neighbour's", "plain", 8),
        Line(6.5, "begun", "under way", "plain", 9),
        Line(9.0, "begun", "under way", "plain", 9),
    ]
    assert waits_of(lines, 2.5, frozenset({7})) == [4.0]


@pytest.mark.parametrize(
    "fault", [{"lost": 1}, {"doubled_effects": 1}, {"broken": ["I3: one succeeded twice"]}]
)
def test_a_broken_promise_makes_a_verdict_unsound(fault: dict[str, object]) -> None:
    assert Verdict("F01", 1, doubled=3, stale_refused=2).is_sound
    assert not Verdict("F01", 1, **fault).is_sound  # type: ignore[arg-type]  # each is a field


@pytest.mark.parametrize(("after", "holds"), [(95.0, True), (94.0, False)])
def test_throughput_that_does_not_come_back_breaks_a_promise(after: float, holds: bool) -> None:
    verdict = Verdict("F01", 1)
    compare(verdict, before=Throughput(100.0, 2.0), after=Throughput(after, 1.0))
    assert (verdict.is_sound, verdict.recovery, verdict.cost) == (holds, after / 100, 0.5)


def test_a_line_says_what_was_broken() -> None:
    text = told(
        Verdict("F01", 1, jobs=10, lost=1, recovery=0.97, title="a child is killed", broken=["I1: gone"])
    )
    assert "97%" in text
    assert "BROKEN I1: gone" in text
    assert HEAD.startswith("fault")
