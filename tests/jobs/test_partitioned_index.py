"""Every week has its index by the end of jobs, built while others work, also when a try was cut off."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.migrations.state import ProjectState

from apps.jobs import partitioned_index, soon
from apps.jobs.models import Job
from apps.jobs.partitioned_index import AddIndexToPartitions
from tests.jobs import steps
from tests.local.waiting import wait_until

[INDEX] = [index for index in Job._meta.indexes if index.name == "job_by_finished_at"]
STATE = ProjectState.from_apps(apps)


def add() -> None:
    with connection.schema_editor(atomic=False) as editor:
        AddIndexToPartitions("job", INDEX).database_forwards("jobs", editor, STATE, STATE)


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def weeks() -> dict[str, bool]:
    """Return each week and whether its index is whole and in its place."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.inhrelid::regclass::text, EXISTS (SELECT FROM pg_inherits AS p JOIN pg_index AS x"
            " ON x.indexrelid = p.inhrelid WHERE p.inhparent = to_regclass('job_by_finished_at')"
            " AND x.indrelid = i.inhrelid AND x.indisvalid)"
            " FROM pg_inherits AS i WHERE i.inhparent = 'jobs_job'::regclass"
        )
        return dict(cursor.fetchall())


def is_whole() -> bool:
    """Say whether the table's own index is whole: that of every week is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('job_by_finished_at')")
        return bool(cursor.fetchall() == [(True,)])


@pytest.fixture
def without(committed: None) -> Iterator[None]:
    """Take the index away; give it back afterwards."""
    run("DROP INDEX job_by_finished_at")
    yield
    add()


@pytest.mark.django_db
def test_every_week_has_it() -> None:
    assert is_whole()
    assert all(weeks().values())


def test_run_again_it_changes_nothing(without: None) -> None:
    add()
    assert is_whole()
    add()
    assert is_whole()
    assert all(weeks().values())


def test_what_a_try_that_was_cut_off_left_is_gone_on_with(
    without: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = iter(range(2))

    def cut_off(*_: object) -> None:
        if next(built, None) is None:
            raise KeyboardInterrupt
        run_soon(*_)  # type: ignore[arg-type]

    run_soon = soon.run_soon
    monkeypatch.setattr(partitioned_index, "run_soon", cut_off)
    with pytest.raises(KeyboardInterrupt):
        add()
    monkeypatch.undo()
    assert not is_whole()
    assert sorted(weeks().values())[-2:] == [False, True]
    broken = max(weeks())
    run(f"CREATE INDEX {broken}_job_by_finished_at ON {broken} USING brin (finished_at)")
    run(f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{broken}_job_by_finished_at'::regclass")
    add()
    assert is_whole()
    assert all(weeks().values())


def test_while_it_waits_for_a_long_transaction_others_work(
    without: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soon, "_REST_S", 0.05)
    with steps.another_session() as migration, steps.another_session() as web:
        with transaction.atomic():
            steps.enqueued()
            building = migration.start(add)
            wait_until(migration.waits_for_a_lock)
            assert web.start(steps.in_line).result(timeout=10)
            assert not building.done()
        building.result(timeout=60)
    assert is_whole()


@pytest.mark.django_db
def test_no_other_kind_of_index_names_what_claim_and_finish_change() -> None:
    """Updates would leave their page then (they are not HOT), and cost up to half the throughput."""
    changed = ["state", "started_at", "finished_at", "worker_id", "worker_pid", "lease", "attempt", "result"]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT kind.amname, a.attname"
            "  FROM pg_index AS x JOIN pg_class AS c ON c.oid = x.indexrelid"
            "  JOIN pg_am AS kind ON kind.oid = c.relam"
            "  JOIN pg_depend AS d ON d.objid = x.indexrelid AND d.refobjid = x.indrelid"
            "  JOIN pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = d.refobjsubid"
            " WHERE x.indrelid = 'jobs_job'::regclass AND a.attname = ANY (%s)",
            [changed],
        )
        assert cursor.fetchall() == [("brin", "finished_at")]
