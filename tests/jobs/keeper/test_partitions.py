"""Weeks are made ahead, once, by whoever comes first; every id finds its week."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from apps.jobs.keeper import partitions
from apps.jobs.keeper.partitions import WEEKS_AHEAD, make_weeks_ahead, week_name
from apps.jobs.models import Job
from apps.lib.ids import first_id_of, new_id
from tests.jobs import steps
from tests.local.waiting import wait_until

NOW = datetime.now(UTC)


def partition_of(job_id: UUID) -> str:
    """Return the table in which a row really stands."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM jobs_job WHERE id = %s", [job_id])
        return str(cursor.fetchone()[0])


def bounds() -> dict[str, str]:
    """Return the attached weeks and what each holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, pg_get_expr(relpartbound, oid) FROM pg_class"
            " WHERE oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'jobs_job'::regclass)"
        )
        return dict(cursor.fetchall())


def id_of(moment: datetime) -> UUID:
    """Make an id as if at another moment."""
    return UUID(int=first_id_of(moment).int | (new_id().int & ((1 << 80) - 1)))


@pytest.mark.django_db
def test_this_week_and_the_next_eight_are_there() -> None:
    assert {week_name(NOW + timedelta(weeks=week)) for week in range(WEEKS_AHEAD + 1)} <= set(bounds())


@pytest.mark.django_db
def test_weeks_that_are_there_are_not_made_again() -> None:
    before = bounds()
    assert make_weeks_ahead() == 0
    assert bounds() == before


@pytest.mark.django_db
def test_a_later_keeper_makes_only_what_is_missing() -> None:
    assert make_weeks_ahead(NOW + timedelta(weeks=3)) == 3
    assert week_name(NOW + timedelta(weeks=11)) in bounds()
    assert make_weeks_ahead(NOW + timedelta(weeks=3)) == 0


@pytest.mark.django_db
def test_only_the_first_week_ever_made_holds_what_is_older() -> None:
    from_the_beginning = [name for name, bound in bounds().items() if "MINVALUE" in bound]
    assert from_the_beginning == [min(bounds())]
    make_weeks_ahead(NOW + timedelta(weeks=30))
    assert [name for name, bound in bounds().items() if "MINVALUE" in bound] == from_the_beginning


@pytest.mark.django_db
@pytest.mark.parametrize("weeks", [0, 1, 8])
def test_an_id_finds_its_week(weeks: int) -> None:
    moment = NOW + timedelta(weeks=weeks)
    job_id = steps.enqueued(id=id_of(moment))
    assert partition_of(job_id) == week_name(moment)
    assert steps.stands_in_line(job_id) or steps.is_in_window(job_id)


@pytest.mark.django_db
def test_a_week_begins_on_monday_at_midnight_utc() -> None:
    monday = (NOW + timedelta(days=7 - NOW.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    last = steps.enqueued(id=id_of(monday - timedelta(milliseconds=1)))
    first = steps.enqueued(id=id_of(monday))
    assert (partition_of(last), partition_of(first)) == (week_name(NOW), week_name(monday))


@pytest.mark.django_db
def test_an_id_from_long_ago_has_a_place() -> None:
    assert partition_of(steps.enqueued(id=id_of(datetime(1999, 1, 1, tzinfo=UTC)))) == min(bounds())


@pytest.mark.django_db
def test_an_id_from_a_week_that_nobody_made_is_refused() -> None:
    with pytest.raises(IntegrityError, match="no partition"), transaction.atomic():
        steps.enqueued(id=id_of(NOW + timedelta(weeks=52)))


@pytest.mark.django_db
def test_a_new_week_has_the_indexes_the_rules_and_the_storage_of_the_others() -> None:
    make_weeks_ahead(NOW + timedelta(weeks=1))
    old, new = week_name(NOW), week_name(NOW + timedelta(weeks=9))
    assert _shape_of(old) == _shape_of(new)
    assert "fillfactor=50" in _shape_of(new)


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), "jobs_job_2026w01"),
        (datetime(2027, 1, 3, tzinfo=UTC), "jobs_job_2026w53"),
        (datetime(2024, 12, 30, tzinfo=UTC), "jobs_job_2025w01"),
    ],
)
def test_a_week_is_named_by_its_iso_year(day: datetime, name: str) -> None:
    assert week_name(day) == name


@pytest.fixture
def without_the_last_week(committed: None) -> Iterator[str]:
    """Forget the last week that was made ahead; make it again afterwards."""
    name = week_name(NOW + timedelta(weeks=WEEKS_AHEAD))
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {name}")
    yield name
    make_weeks_ahead()


def test_of_two_keepers_at_once_one_makes_the_week(without_the_last_week: str) -> None:
    with steps.another_session() as other:
        with transaction.atomic():
            assert make_weeks_ahead() == 1
            answer = other.start(make_weeks_ahead)
            wait_until(other.waits_for_a_lock)
        assert answer.result(timeout=60) == 0
    assert without_the_last_week in bounds()


def test_a_week_is_made_while_people_enqueue_and_read(without_the_last_week: str) -> None:
    with steps.another_session() as keeper:
        with transaction.atomic():
            mine = steps.enqueued()
            assert Job.objects.count() == 1
            assert (
                keeper.start(make_weeks_ahead).result(timeout=60) == 1
            )  # our open transaction is not waited for
        assert steps.state_of(mine)


def test_a_failure_half_way_leaves_no_half_made_week(
    without_the_last_week: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "first_id_of", lambda _: UUID(int=0))  # an empty range cannot be attached
    with pytest.raises(Exception, match=r"empty range bound|overlap"):
        make_weeks_ahead()
    monkeypatch.undo()
    assert without_the_last_week not in bounds()
    assert make_weeks_ahead() == 1


def _shape_of(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT concat_ws(' | ', array_to_string(reloptions, ','),"
            " (SELECT string_agg(pg_get_constraintdef(c.oid), ',' ORDER BY pg_get_constraintdef(c.oid))"
            "    FROM pg_constraint AS c WHERE conrelid = t.oid),"
            " (SELECT string_agg(regexp_replace(indexdef, '^.* USING', ''), ',' ORDER BY indexdef)"
            "    FROM pg_indexes WHERE tablename = t.relname))"
            " FROM pg_class AS t WHERE relname = %s",
            [table],
        )
        return str(cursor.fetchone()[0])
