"""Solar schedules run when the sun does what they name, once each, also where it does so rarely."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django_celery_beat.models import PeriodicTask, SolarSchedule

from apps.schedules.fire import fire
from apps.schedules.models import Moment
from apps.schedules.plan import plan
from apps.schedules.row import Row
from apps.schedules.sun import BadSun, first_after
from apps.schedules.timing import first_moment, latest_moments, moment_after
from tests.schedules.conftest import came_due, jobs_of, named, next_of, plan_of

Make = Callable[..., PeriodicTask]
BERLIN = (52.52, 13.405)
TROMSO = (69.65, 18.96)
NOON = datetime(2026, 3, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("event", "place", "after", "expected"),
    [
        # sunrise-sunset tables of the places: to the minute
        ("sunrise", BERLIN, datetime(2026, 6, 21, tzinfo=UTC), datetime(2026, 6, 21, 2, 43, tzinfo=UTC)),
        ("sunset", BERLIN, datetime(2026, 12, 21, tzinfo=UTC), datetime(2026, 12, 21, 14, 54, tzinfo=UTC)),
        (
            "solar_noon",
            (0.0, 0.0),
            datetime(2026, 4, 15, tzinfo=UTC),
            datetime(2026, 4, 15, 12, 0, tzinfo=UTC),
        ),
    ],
)
def test_it_is_when_tables_say(
    event: str, place: tuple[float, float], after: datetime, expected: datetime
) -> None:
    found = first_after(event, *place, after)
    assert found is not None
    assert abs(found - expected) <= timedelta(minutes=2)


@pytest.mark.parametrize("event", ["sunrise", "sunset", "solar_noon", "dusk_civil", "dawn_nautical"])
def test_each_day_has_one_moment_and_none_comes_twice(event: str) -> None:
    row = Row(solar=[event, "52.520000", "13.405000"])
    moments: list[datetime] = []
    moment = first_moment(row, NOON)
    while moment is not None and len(moments) < 60:
        moments.append(moment)
        moment = moment_after(row, moment)
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert timedelta(hours=23, minutes=50) < min(gaps)
    assert max(gaps) < timedelta(hours=24, minutes=10)
    assert latest_moments(row, moments[0], moments[9], 3) == moments[7:10]


def test_in_the_polar_night_it_waits_for_the_sun() -> None:
    sunrise = first_after("sunrise", *TROMSO, datetime(2026, 12, 1, tzinfo=UTC))
    assert sunrise is not None
    assert datetime(2027, 1, 10, tzinfo=UTC) < sunrise < datetime(2027, 1, 20, tzinfo=UTC)


@pytest.mark.parametrize(("event", "place"), [("moonrise", BERLIN), ("sunrise", (91.0, 0.0))])
def test_what_the_sun_does_not_do_is_said(event: str, place: tuple[float, float]) -> None:
    with pytest.raises(BadSun):
        first_after(event, *place, NOON)


@pytest.mark.django_db
def test_a_solar_schedule_is_planned_and_runs() -> None:
    place = SolarSchedule.objects.create(event="sunset", latitude="52.52", longitude="13.405")
    schedule = PeriodicTask.objects.create(**named({}), solar=place)
    came_due(schedule)
    fire("beat")
    assert len(jobs_of(schedule)) == 1
    assert Moment.objects.get().outcome == Moment.Outcome.RAN
    assert plan_of(schedule).problem == ""
    plan()
    assert next_of(schedule).second is not None
