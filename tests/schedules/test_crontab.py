"""The moments of a crontab line, against an oracle that reads the clock minute by minute."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.schedules.crontab import BadCrontab, Crontab, parse, parse_line

MINUTE = timedelta(minutes=1)
ZONES = [
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",  # clocks went forward at midnight
    "America/St_Johns",  # clocks went back at 00:01, across midnight
    "America/Havana",
    "Asia/Kathmandu",  # 05:45
    "Asia/Kolkata",
    "Australia/Lord_Howe",  # clocks move by half an hour
    "Africa/Casablanca",  # clocks go back for Ramadan
    "Pacific/Apia",  # a day was left out
    "Antarctica/Troll",  # clocks move by two hours
]
# Around these, in one of the zones at least, the clocks move.
RESTLESS = [
    datetime(2026, 3, 29, tzinfo=UTC),
    datetime(2026, 10, 25, tzinfo=UTC),
    datetime(2026, 3, 8, 5, tzinfo=UTC),
    datetime(2026, 11, 1, 5, tzinfo=UTC),
    datetime(2018, 11, 4, 3, tzinfo=UTC),
    datetime(2009, 11, 1, 2, tzinfo=UTC),
    datetime(2009, 3, 8, 3, tzinfo=UTC),
    datetime(2026, 10, 3, 15, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 2, 15, 2, tzinfo=UTC),
    datetime(2026, 3, 22, 2, tzinfo=UTC),
    datetime(2011, 12, 30, 10, tzinfo=UTC),
]


@cache
def clock(
    zone: str, around: datetime
) -> tuple[list[datetime], list[datetime], dict[datetime, list[datetime]]]:
    """Read a zone's clock each minute for eight days: instants, latest time shown so far, showings."""
    instants = [around + n * MINUTE for n in range(-4 * 1440, 4 * 1440)]
    walls = [instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0) for instant in instants]
    shown: dict[datetime, list[datetime]] = {}
    for instant, wall in zip(instants, walls, strict=True):
        shown.setdefault(wall, []).append(instant)
    return instants, list(accumulate(walls, max)), shown


def oracle(minutes: set[int], hours: set[int], zone: str, around: datetime) -> list[datetime]:
    """List the moments of eight days, by looking at each time that the clock shows or skips."""
    instants, latest, shown = clock(zone, around)
    found: set[datetime] = set()
    wall = min(shown)
    while wall <= latest[-1]:
        if wall.hour in hours and wall.minute in minutes:
            if len(hours) == 24:
                found.update(shown.get(wall, []))
            elif wall in shown:
                found.add(shown[wall][0])
            else:
                found.add(instants[bisect_right(latest, wall)])
        wall += MINUTE
    return sorted(found)


@st.composite
def fields(draw: st.DrawFn) -> tuple[str, set[int], str, set[int]]:
    minute_text, minutes = draw(_field(60))
    hour_text, hours = draw(_field(24))
    return minute_text, minutes, hour_text, hours


@st.composite
def _field(draw: st.DrawFn, size: int) -> tuple[str, set[int]]:
    shape = draw(st.sampled_from(["every", "one", "list", "step", "range"]))
    if shape == "every":
        return "*", set(range(size))
    if shape == "step":
        step = draw(st.integers(2, size // 2))
        return f"*/{step}", set(range(0, size, step))
    if shape == "range":
        low, high = sorted(draw(st.lists(st.integers(0, size - 1), min_size=2, max_size=2, unique=True)))
        return f"{low}-{high}", set(range(low, high + 1))
    numbers = draw(st.sets(st.integers(0, size - 1), min_size=1, max_size=1 if shape == "one" else 4))
    return ",".join(map(str, sorted(numbers))), numbers


@settings(max_examples=150, deadline=None)
@given(fields(), st.sampled_from(ZONES), st.sampled_from(RESTLESS), st.integers(-129_600, 129_600))
def test_the_next_moment_is_what_the_clock_on_the_wall_says(
    line: tuple[str, set[int], str, set[int]], zone: str, around: datetime, seconds: int
) -> None:
    minute, minutes, hour, hours = line
    after = around + timedelta(seconds=seconds)
    found = parse((minute, hour, "*", "*", "*"), zone).first_after(after)
    assert found == next(moment for moment in oracle(minutes, hours, zone, around) if moment > after)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sets(st.integers(1, 31), min_size=1, max_size=4),
    st.sets(st.integers(1, 12), min_size=1, max_size=4),
    st.sets(st.integers(0, 6), min_size=1, max_size=3),
)
def test_all_three_date_fields_must_match(
    zone: str, after: datetime, days: set[int], months: set[int], weekdays: set[int]
) -> None:
    if not any(
        day <= [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][m - 1] for day in days for m in months
    ):
        return
    line = parse(("0", "12", _list(days), _list(months), _list(weekdays)), zone)
    found = line.first_after(after)
    assert found is not None
    tz = ZoneInfo(zone)
    noon = after.astimezone(tz).replace(hour=12, minute=0, second=0, microsecond=0)
    if noon <= after:
        noon += timedelta(days=1)
    while not (noon.day in days and noon.month in months and noon.isoweekday() % 7 in weekdays):
        noon += timedelta(days=1)
    if (noon.year, noon.month, noon.day) != (2011, 12, 30):  # the day that Apia left out
        assert found.astimezone(tz) == noon


@pytest.mark.parametrize(
    ("line", "zone", "after", "expected"),
    [
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", ["03-29 03:00", "03-30 02:30"]),
        ("30 1-3 * * *", "Europe/Berlin", "2026-03-29T00:00", ["03-29 01:30", "03-29 03:00", "03-29 03:30"]),
        ("*/20 2 * * *", "Europe/Berlin", "2026-03-28T12:00", ["03-29 03:00", "03-30 02:00"]),
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00", ["10-04 02:30", "10-05 02:15"]),
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", ["10-25 02:30", "10-26 02:30"]),
        ("* 2 * * *", "Europe/Berlin", "2026-10-25T00:59", ["10-26 02:00"]),
        ("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:00", ["10-25 02:30", "10-25 02:00", "10-25 02:30"]),
        ("30 * * * *", "Europe/Berlin", "2026-03-29T00:00", ["03-29 01:30", "03-29 03:30"]),
        ("0 0 13 * 5", "UTC", "2026-03-28T12:00", ["11-13 00:00"]),
        ("0 0 29 2 *", "UTC", "2097-01-01T00:00", ["02-29 00:00"]),
        ("0 0 29 2 1", "UTC", "2096-03-01T00:00", ["02-29 00:00"]),
    ],
)
def test_named_nights(line: str, zone: str, after: str, expected: list[str]) -> None:
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    parsed = parse_line(line, zone)
    shown = []
    for _ in expected:
        following = parsed.first_after(moment)
        assert following is not None
        shown.append(f"{following.astimezone(ZoneInfo(zone)):%m-%d %H:%M}")
        moment = following
    assert shown == expected


@pytest.mark.parametrize(
    "line",
    [
        "0 0 30 2 *",
        "61 * * * *",
        "* * L * *",
        "*/0 * * * *",
        "1-x * * * *",
        "* * * *",
        "",
        "@reboot",
        "٣ * * * x",
    ],
)
def test_a_line_that_never_runs_is_refused_with_a_sentence(line: str) -> None:
    with pytest.raises(BadCrontab, match="crontab line"):
        parse_line(line, "UTC")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "Europe"])
def test_an_unknown_zone_is_refused_with_a_sentence(zone: str) -> None:
    with pytest.raises(BadCrontab, match="time zone"):
        parse_line("0 0 * * *", zone)


@settings(max_examples=60, deadline=None)
@given(
    fields(), st.sampled_from(ZONES), st.sampled_from(RESTLESS), st.integers(0, 60 * 48), st.integers(1, 100)
)
def test_the_latest_moments_are_the_last_that_walking_finds(
    line: tuple[str, set[int], str, set[int]], zone: str, around: datetime, minutes: int, most: int
) -> None:
    parsed = parse((line[0], line[2], "*", "*", "*"), zone)
    since = _next(parsed, around - timedelta(days=2))
    now = since + minutes * MINUTE
    walked = [since]
    while (later := _next(parsed, walked[-1])) <= now:
        walked.append(later)
    assert parsed.latest_until(now, since, most) == walked[-most:]


def test_the_latest_moment_of_a_rare_line_is_found_after_years() -> None:
    parsed = parse_line("0 0 29 2 *", "UTC")
    since, now = datetime(2000, 2, 29, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    assert parsed.latest_until(now, since, 1) == [datetime(2024, 2, 29, tzinfo=UTC)]


def _next(line: Crontab, after: datetime) -> datetime:
    following = line.first_after(after)
    assert following is not None
    return following


def _list(numbers: set[int]) -> str:
    return ",".join(map(str, sorted(numbers)))
