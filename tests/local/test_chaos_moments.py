"""The judge of schedules must see a lost moment, one that fired twice, and a skip that was not allowed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from apps.local.chaos.moments import Record, Story, Tally, tally
from apps.local.chaos.oracle import Wanted, due

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
EACH_MINUTE = Wanted("each minute", line="* * * * *")
DUE = due(EACH_MINUTE, NOON, NOON + 9 * MINUTE)


def taken(*moments: datetime, after: timedelta = SECOND) -> Story:
    """Tell of a schedule these moments of which became jobs."""
    jobs = {f"job {moment:%H:%M:%S}": moment + after for moment in moments}
    records = [Record(moment, at, job, None) for moment, (job, at) in zip(moments, jobs.items(), strict=True)]
    return Story(EACH_MINUTE, DUE, jobs, records)


def absent(story: Story, first: int, last: int) -> Story:
    """Have nobody take these moments, and the one after them say so."""
    kept = [record for record in story.records if not DUE[first] <= record.at <= DUE[last]]
    told = [
        replace(record, missed_since=DUE[first]) if record.at == DUE[last + 1] else record for record in kept
    ]
    return replace(story, jobs={job: story.jobs[job] for record in kept if (job := record.job)}, records=told)


def test_each_moment_with_its_job_is_sound() -> None:
    found = tally(taken(*DUE))
    assert (found.due, found.taken, found.skipped, found.lost, found.doubled, found.wrong) == (
        10,
        10,
        0,
        0,
        0,
        [],
    )
    assert str(found) == "10 moments due, 10 taken, 0 skipped and written down, 0 fired twice"


def test_a_moment_without_a_job_is_lost() -> None:
    found = tally(taken(*DUE[:4], *DUE[5:]))
    assert found.lost == 1
    assert found.wrong == ["each minute: no job and no skip: 2026-06-01 12:04:00+00:00"]


def test_a_second_job_is_seen_though_nobody_wrote_it_down() -> None:
    story = taken(*DUE)
    found = tally(replace(story, jobs={**story.jobs, "another": NOON + 5 * MINUTE}))
    assert found.doubled == 1
    assert found.wrong == ["each minute: 1 jobs more than moments"]


def test_a_job_of_no_moment_is_seen() -> None:
    found = tally(taken(*DUE, NOON + 90 * SECOND))
    assert found.doubled == 1
    assert any("nothing was due" in sentence for sentence in found.wrong)


def test_a_job_that_came_before_its_moment_is_seen_unless_the_clock_was_set_back_right_then() -> None:
    story = taken(*DUE)
    early = replace(story, jobs={**story.jobs, "job 12:05:00": NOON - 54 * MINUTE})
    assert "came before it" in tally(early).wrong[0]
    assert tally(replace(early, gaps=[(DUE[6], DUE[6] - HOUR)])).wrong == []
    assert tally(replace(early, gaps=[(DUE[3], DUE[3] - HOUR)])).wrong != [], "it had not come yet"
    assert tally(replace(early, gaps=[(DUE[6], DUE[3])])).wrong != [], "that was at another time"


def test_an_entry_whose_job_is_gone_is_seen() -> None:
    story = taken(*DUE)
    found = tally(replace(story, jobs={job: at for job, at in story.jobs.items() if job != "job 12:03:00"}))
    assert found.lost == 1
    assert any("not in the ledger" in sentence for sentence in found.wrong)


def test_what_was_passed_over_and_written_down_is_no_loss() -> None:
    found = tally(absent(taken(*DUE, after=30 * SECOND), 3, 5))
    assert (found.taken, found.skipped, found.slept, found.lost, found.wrong) == (7, 3, 3, 0, [])
    assert "3 skipped and written down (3 of them though a beat could look)" in str(found)


def test_what_was_passed_over_in_a_jump_is_told_from_what_beats_slept_through() -> None:
    story = absent(taken(*DUE, after=30 * SECOND), 3, 5)
    assert tally(replace(story, gaps=[(DUE[3] - SECOND, DUE[5] + SECOND)])).slept == 0
    assert tally(replace(story, gaps=[(DUE[8], DUE[9])])).slept == 3


def test_nothing_may_be_passed_over_within_a_minute() -> None:
    found = tally(absent(taken(*DUE, after=timedelta()), 3, 3))
    assert (found.skipped, found.lost) == (1, 0)
    assert "which the policy forbids" in found.wrong[0]


def test_a_schedule_that_runs_all_may_pass_over_nothing_below_its_cap() -> None:
    story = absent(taken(*DUE, after=30 * SECOND), 3, 5)
    for cap, is_wrong in ((12, True), (3, False)):
        found = tally(replace(story, wanted=replace(EACH_MINUTE, missed="all", cap=cap)))
        assert bool(found.wrong) == is_wrong


def test_a_skip_without_a_job_counts_its_own_moment_too() -> None:
    story = taken(*DUE[:4], *DUE[7:])
    entry = Record(DUE[6], DUE[6] + 61 * SECOND, None, DUE[4])
    found = tally(replace(story, records=[*story.records, entry]))
    assert (found.taken, found.skipped, found.lost, found.wrong) == (7, 3, 0, [])


def test_a_moment_that_is_said_to_be_skipped_and_has_a_job_is_seen() -> None:
    story = taken(*DUE, after=30 * SECOND)
    records = [replace(one, missed_since=DUE[3]) if one.at == DUE[6] else one for one in story.records]
    assert any("and has a job" in sentence for sentence in tally(replace(story, records=records)).wrong)


def test_tallies_add_up() -> None:
    both = Tally()
    both.add(tally(taken(*DUE)))
    both.add(tally(taken(*DUE[1:])))
    assert (both.due, both.taken, both.lost, len(both.wrong), len(both.jobs)) == (20, 19, 1, 1, 10)


def test_an_interval_counts_from_its_start() -> None:
    assert due(Wanted("x", every_s=20), NOON, NOON + 59 * SECOND) == [
        NOON,
        NOON + 20 * SECOND,
        NOON + 40 * SECOND,
    ]


@pytest.mark.parametrize(
    ("line", "zone", "day", "expected"),
    [
        ("30 2 * * *", "Europe/Berlin", "2026-03-29", ["01:00"]),  # skipped: right after the gap
        ("30 1-3 * * *", "Europe/Berlin", "2026-03-29", ["00:30", "01:00", "01:30"]),
        ("*/30 * * * *", "Europe/Berlin", "2026-03-29", ["00:00", "00:30", "01:00", "01:30"]),
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03", ["15:30"]),
        ("30 2 * * *", "Europe/Berlin", "2026-10-25", ["00:30"]),  # shown twice: the first time
        ("*/30 * * * *", "Europe/Berlin", "2026-10-25", ["00:00", "00:30", "01:00", "01:30"]),
        ("30 1 * * *", "America/New_York", "2026-11-01", ["05:30"]),
        ("0 0 29 2 *", "UTC", "2028-02-29", ["00:00"]),
        ("14 3 * * *", "UTC", "2038-01-19", ["03:14"]),
    ],
)
def test_the_oracle_knows_the_nights(line: str, zone: str, day: str, expected: list[str]) -> None:
    start = datetime.fromisoformat(f"{day}T00:00+00:00")
    if zone == "Australia/Lord_Howe":
        start += timedelta(hours=12)
    found = due(Wanted("x", line=line, zone=zone), start, start + timedelta(hours=6))
    assert [f"{moment:%H:%M}" for moment in found][: len(expected)] == expected
    if not line.startswith("*/"):
        assert len(found) == len(expected)


def test_the_oracle_refuses_what_it_cannot_read() -> None:
    with pytest.raises(ValueError, match="weekdays"):
        due(Wanted("x", line="0 0 * * mon"), NOON, NOON + MINUTE)
