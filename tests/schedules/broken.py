"""Rows of schedules that no form would make: written by SQL, brought by a dump, or left by an old program."""

from collections.abc import Callable, Iterator

Write = Callable[[str, tuple[object, ...]], object]  # runs a statement of SQL

FAR = (
    "294276-12-31",
    "infinity",
    "-infinity",
    "0044-03-15 BC",
    "10000-01-01",
    "9999-12-31 23:59:59.9+00",
    "0001-01-01",
)
_TABLES = ("django_celery_beat_periodictask", "django_celery_beat_clockedschedule", "schedules_policy")
_TASK = "UPDATE django_celery_beat_periodictask SET {} = %s WHERE id = %s"
_ARGUMENTS = (
    *("", "null", "[", "7", '"x"', "[" * 100_000, "[" * 900 + "]" * 900, '{"a": ' * 900 + "1" + "}" * 900),
    *('{"a": "\\ud800"}', '{"a": "\\u0000"}', '{"a": NaN}', '{"a": 1e999}', '{"a": ' + "9" * 5_000 + "}"),
    *(
        '{"a": 1, "a": 2}',
        '{"__class__": "x"}',
        '{"self": 1}',
        '{"\\u0000": 1}',
        '["\\ud800"]',
        "[1e400, -1]",
    ),
)
_COLUMNS: dict[str, tuple[object, ...]] = {
    "start_time": FAR,
    "expires": FAR,
    "last_run_at": FAR,
    "date_changed": FAR,
    "args": _ARGUMENTS,
    "kwargs": _ARGUMENTS,
    "headers": _ARGUMENTS,
    "task": ("", "no.such", "\x01\u202e", "x" * 200),
    "name": ("\x01\x1b[31m\u202e", "x" * 200, ""),
    "queue": ("x" * 200, "\x01", "../.."),
    "exchange": ("\x01",),
    "priority": (2_147_483_647,),
    "expire_seconds": (0, 2_147_483_647),
    "total_run_count": (2_147_483_647,),
    "interval_id": (None,),
}
_INTERVALS = (
    *((2_147_483_647, period) for period in ("days", "hours", "minutes", "seconds", "microseconds")),
    *((0, "seconds"), (-5, "days"), (1, "fortnights"), (1, "")),
)
_LINES = (
    *(
        "*/0 * * * *",
        "60 24 32 13 8",
        "a-b * * * *",
        "1- * * * *",
        "- * * * *",
        "\u0663 * * * *",
        "1,,2 * * * *",
    ),
    *(
        "@daily @daily @daily @daily @daily",
        "9-1 * * * *",
        "* * 30 2 *",
        "*/-1 * * * *",
        "0-99999999999 * * * *",
    ),
)
_ZONES = ("Mars/Olympus", "", "../../etc/passwd", "/etc/passwd", "Europe", "tzdata.zi", "x" * 63, "\u202e")
_SUNS = (
    *(("sunrise", 90, 0), ("sunset", -90, 180), ("no_such", 0, 0), ("solar_noon", "NaN", "NaN")),
    *(("sunrise", 999, 999), ("", 0, 0), ("sunrise", "NaN", 0)),
)


def allow_far_times(write: Write) -> None:
    """Let SQL write what the last line refuses, as a dump does that is restored before its triggers are."""
    write("SET CONSTRAINTS ALL IMMEDIATE", ())  # a table cannot be altered while deferred ones wait
    for table in _TABLES:
        write(f"ALTER TABLE {table} DISABLE TRIGGER schedules_times_are_near", ())


def ways() -> Iterator[tuple[str, Callable[[Write, int], None]]]:
    """Yield a name for each way to break a schedule, and a function that breaks the one of an id."""
    for column, values in _COLUMNS.items():
        for value in values:
            yield f"{column} {_short(value)}", _running(_TASK.format(column), value)
    for moment in FAR:
        yield f"clocked {moment}", _running(_timing("clocked", "clocked_time", "%s"), moment)
        pause = (
            "INSERT INTO schedules_policy (paused_until, schedule_id) VALUES (%s, %s)"
            " ON CONFLICT (schedule_id) DO UPDATE SET paused_until = excluded.paused_until"
        )
        yield f"paused {moment}", _running(pause, moment)
        yield (
            f"planned {moment}",
            _running("UPDATE schedules_plan SET edited = false, next_at = %s WHERE schedule_id = %s", moment),
        )
    for every, period in _INTERVALS:
        made = _timing("interval", "every, period", "%s, %s")
        yield f"every {every} {period}", _running(made, every, period)
    columns = "minute, hour, day_of_month, month_of_year, day_of_week, timezone"
    for line, zone in [*((line, "UTC") for line in _LINES), *(("0 3 * * *", zone) for zone in _ZONES)]:
        made = _timing("crontab", columns, "%s, %s, %s, %s, %s, %s")
        yield f"line {line!a} {zone!a}", _running(made, *line.split(), zone)
    for event, latitude, longitude in _SUNS:
        made = _timing("solar", "event, latitude, longitude", "%s, %s, %s")
        yield f"sun {event} {latitude} {longitude}", _running(made, event, latitude, longitude)
    both = _timing("clocked", "clocked_time", "%s").replace(", interval_id = NULL", "")
    yield "two timings", _running(both, "2026-01-01")


def _short(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 40 else f"{text[:40]} ({len(text)} characters)"


def _timing(kind: str, columns: str, places: str) -> str:
    others = {"clocked": "interval_id", "crontab": "interval_id", "solar": "interval_id"}
    none = f", {others[kind]} = NULL" if kind in others else ""
    return (
        f"WITH made AS (INSERT INTO django_celery_beat_{kind}schedule ({columns}) VALUES ({places})"
        " RETURNING id)"
        f" UPDATE django_celery_beat_periodictask SET {kind}_id = made.id{none} FROM made"
        " WHERE django_celery_beat_periodictask.id = %s"
    )


def _running(statement: str, *values: object) -> Callable[[Write, int], None]:
    def run(write: Write, schedule_id: int) -> None:
        write(statement, (*values, schedule_id))

    return run
