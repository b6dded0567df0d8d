"""What the form says beforehand is what then fires."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from apps.schedules import timing
from apps.schedules.missed import decide
from apps.schedules.preview import next_run, shortest_gap, upcoming
from apps.schedules.row import Row

HOUR = timedelta(hours=1)
# a week around each night on which the clocks of Berlin or Lord Howe move
WEEKS = [
    datetime(2026, 3, 26, 7, tzinfo=UTC),
    datetime(2026, 10, 22, 7, tzinfo=UTC),
    datetime(2026, 4, 2, tzinfo=UTC),
]


def by_line(line: str, zone: str = "Europe/Berlin", **fields: object) -> Row:
    """Return a row of a crontab line."""
    return Row(crontab=[*line.split(), zone], **fields)  # type: ignore[arg-type]  # as the test says


def fired_in_a_week(row: Row, start: datetime) -> list[datetime]:
    """Let a beat that never sleeps take each moment as it comes, for a week."""
    fired: list[datetime] = []
    due = timing.first_moment(row, start)
    while due is not None and due <= start + 7 * 24 * HOUR:
        verdict = decide(row, due, due)
        fired += [taken.at for taken in verdict.taken]
        due = verdict.next_at
    return fired


@pytest.mark.parametrize("start", WEEKS)
@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "UTC"])
@pytest.mark.parametrize(
    "line", ["30 2 * * *", "*/20 * * * *", "0 0,2,3 * * 0,1", "15 1-3 * * *", "59 23 31 * *"]
)
def test_a_week_fires_as_it_was_shown(line: str, zone: str, start: datetime) -> None:
    row = by_line(line, zone)
    fired = fired_in_a_week(row, start)
    shown = upcoming(row, start, len(fired) + 1)
    # in UTC: Python holds a time that the clocks show twice for different from the same instant elsewhere
    assert [moment.at.astimezone(UTC) for moment in shown[: len(fired)]] == fired
    assert all(moment.at > start + 7 * 24 * HOUR for moment in shown[len(fired) :])


def test_nights_on_which_the_clocks_move_are_told() -> None:
    notes = {}
    for day, line in ((28, "30 2 * * *"), (28, "0 12 * * *"), (28, "*/30 * * * *")):
        moments = upcoming(by_line(line), datetime(2026, 3, day, 23, 10, tzinfo=UTC), 3)
        notes[line] = [(f"{moment.at:%d %H:%M %Z}", moment.note) for moment in moments]
    assert notes["30 2 * * *"][0] == (
        "29 03:00 CEST",
        "Clocks go forward: this time is skipped; it runs right after.",
    )
    assert notes["30 2 * * *"][1] == ("30 02:30 CEST", "")
    assert notes["0 12 * * *"][0] == ("29 12:00 CEST", "The clocks go forward on this day.")
    assert notes["*/30 * * * *"][0] == ("29 00:30 CET", "The clocks go forward on this day.")
    twice = upcoming(by_line("*/30 2-2,0-23 * * *"), datetime(2026, 10, 24, 23, 50, tzinfo=UTC), 5)
    assert [(f"{moment.at:%H:%M %Z}", moment.note) for moment in twice[:4]] == [
        ("02:00 CEST", "Clocks go back: this hour occurs twice; this is the first."),
        ("02:30 CEST", "Clocks go back: this hour occurs twice; this is the first."),
        ("02:00 CET", "Clocks go back: this hour occurs twice; this is the second."),
        ("02:30 CET", "Clocks go back: this hour occurs twice; this is the second."),
    ]
    once = upcoming(by_line("30 2 * * *"), datetime(2026, 10, 24, 12, tzinfo=UTC), 2)
    assert once[0].note == "Clocks go back: this hour occurs twice; this is the first."


def test_the_shortest_gap_is_counted_in_real_time() -> None:
    night = upcoming(by_line("0 0,4 * * *"), datetime(2026, 3, 28, 22, tzinfo=UTC), 5)
    assert shortest_gap(night) == 3 * HOUR
    assert min(later.at - earlier.at for earlier, later in pairwise(night)) == 4 * HOUR, (
        "what the clocks show"
    )
    assert shortest_gap(night[:1]) is None


def test_an_unchanged_interval_goes_on_from_what_is_planned_and_a_changed_one_from_now() -> None:
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    row = Row(every=1, period="hours")
    planned = row._replace(timing=timing.describe(row), next_at=now + timedelta(minutes=10))
    assert [moment.at - now for moment in upcoming(planned, now, 2)] == [HOUR / 6, HOUR / 6 + HOUR]
    changed = planned._replace(every=2)
    assert [moment.at - now for moment in upcoming(changed, now, 1)] == [2 * HOUR]


def test_what_never_runs_again_shows_nothing() -> None:
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    assert upcoming(by_line("0 0 * * *", expires=now), now, 5) == []
    assert len(upcoming(Row(clocked_time=now + HOUR), now, 5)) == 1
    with pytest.raises(timing.Untimely, match="no crontab"):
        upcoming(Row(), now, 5)


NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PLANNED = NOON + 8 * HOUR
RESUMES = NOON + 22 * HOUR


@pytest.mark.parametrize(
    ("edited", "runs"),
    [
        ({}, PLANNED),
        ({"paused_until": RESUMES}, PLANNED + 24 * HOUR),
        ({"start_time": NOON + 72 * HOUR}, PLANNED + 72 * HOUR),
        ({"expires": NOON + HOUR}, None),
        ({"enabled": False}, None),
        ({"problem": "its line cannot run"}, None),
        ({"crontab": ["0", "13", "*", "*", "*", "UTC"]}, NOON + HOUR),
        ({"crontab": None, "every": 1, "period": "hours", "paused_until": RESUMES}, RESUMES),
        ({"crontab": None, "clocked_time": NOON + HOUR, "paused_until": RESUMES}, RESUMES),
    ],
)
def test_the_next_run_is_the_one_after_an_edit_before_a_beat_saw_it(
    edited: dict[str, object], runs: datetime | None
) -> None:
    row = by_line("0 20 * * *", "UTC")
    planned = row._replace(next_at=PLANNED, timing=timing.describe(row))
    assert next_run(planned._replace(**edited), NOON) == runs  # type: ignore[arg-type]  # as the test says
