"""Beside an old snapshot removed rows stay in the index of the line: no look reads over them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from psycopg.types.json import Jsonb

from apps.jobs import sql
from apps.jobs.models import LineMark, Ready
from apps.jobs.transitions.new_jobs import as_params
from tests.jobs import steps
from tests.jobs.marks import execute
from tests.jobs.steps import QUEUE, another_session

MANY = 20_000
FILL = """
    INSERT INTO jobs_ready (queue, lane, rank, id, kind, alone)
    SELECT %s, CASE n %% %s WHEN 0 THEN '' ELSE 'tenant ' || n %% %s END,
           now() - interval '1 hour' + n / 5000 * interval '1 s', uuidv7(), 'kinds.add', false
      FROM generate_series(1, %s) AS n
"""
RELAY = """
    DELETE FROM jobs_ready WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM jobs_ready WHERE queue = %s ORDER BY queue, lane, rank, id LIMIT %s))
"""
WINDOW = {"least": 32, "per_slot": 4}
STANDS = "SELECT job_line_stands('default', (SELECT m FROM jobs_line_mark AS m WHERE m.queue = 'default'))"


def _execute(statement: str, *values: str | int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _new_job() -> dict[str, Any]:
    args = {"args": Jsonb({}), "bundle": uuid4(), "window": 32, "per_slot": 4}
    return as_params(steps.new_job()) | args


def _looks() -> dict[str, tuple[str, dict[str, Any]]]:
    return {
        "stands": (STANDS, {}),
        "windows": (sql.text("window_room_marked"), WINDOW | {"unfinished": []}),
        "all windows": (sql.text("window_room"), WINDOW),
        "enqueue": (sql.text("enqueue"), _new_job()),
        "enqueue many": (sql.text("plan_many"), as_params(steps.new_job()) | {"window": 32}),
        "mark": (sql.text("mark_line"), {"queue": QUEUE, "search_all": False}),
    }


def _pages(look: str) -> int:
    """Return how many pages a look at the line reads."""
    statement, params = _looks()[look]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", params)
        [(plan,)] = cursor.fetchall()
        transaction.set_rollback(True)
    [top] = json.loads(plan) if isinstance(plan, str) else plan
    return int(top["Plan"]["Shared Hit Blocks"] + top["Plan"]["Shared Read Blocks"])


def _stands() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(STANDS)
        [(stands,)] = cursor.fetchall()
    return bool(stands)


def _mark(queue: str = QUEUE, *, search_all: bool = False) -> None:
    sql.run("mark_line", {"queue": queue, "search_all": search_all})


@pytest.fixture
def line(committed: None, request: pytest.FixtureRequest) -> Iterator[None]:
    """Two long lines and an old snapshot that sees all of them."""
    execute("VACUUM jobs_ready, jobs_line_mark, jobs_bundle")
    for queue in (QUEUE, "imports"):
        _execute(FILL, queue, request.param, request.param, MANY)
    with another_session() as reader:
        reader.do(lambda: execute("BEGIN ISOLATION LEVEL REPEATABLE READ"))
        reader.do(lambda: steps._rows("SELECT count(*) FROM jobs_ready"))
        yield
        reader.do(lambda: execute("ROLLBACK"))


ONE_LANE = pytest.mark.parametrize("line", [1], indirect=True)
LOOKS = ("stands", "windows", "enqueue", "enqueue many")


@ONE_LANE
@pytest.mark.usefixtures("line")
class TestPages:
    @pytest.mark.parametrize("look", LOOKS)
    @pytest.mark.parametrize("left", [0, 10, 5000])
    def test_looks_at_the_line_read_no_more_than_before_the_relay(self, look: str, left: int) -> None:
        before = _pages(look)
        for queue in (QUEUE, "imports"):
            _execute(RELAY, queue, MANY - left)
            _mark(queue)
        assert _stands() == (left > 0)
        assert _pages(look) <= 3 * before + 10

    def test_a_look_without_marks_reads_over_all_removed_rows(self) -> None:
        for queue in (QUEUE, "imports"):
            _execute(RELAY, queue, MANY)
            _mark(queue)
        assert _pages("all windows") > 10 * _pages("windows")

    def test_a_mark_that_follows_another_reads_only_what_was_removed_since(self) -> None:
        _execute(RELAY, QUEUE, MANY - 1000)
        first = _pages("mark")
        _mark()
        _execute(RELAY, QUEUE, 100)
        assert _pages("mark") < first / 5


@pytest.mark.parametrize("line", [5], indirect=True)
@pytest.mark.usefixtures("line")
class TestTenants:
    @pytest.mark.parametrize("look", LOOKS)
    @pytest.mark.parametrize("left", [0, 10])
    def test_rows_that_other_lanes_had_are_not_read_over(self, look: str, left: int) -> None:
        _execute("INSERT INTO jobs_lane (queue, lane) VALUES (%s, 'tenant 1')", QUEUE)
        before = _pages(look)
        for queue in (QUEUE, "imports"):
            _execute(RELAY, queue, MANY - left)
            _mark(queue)
        assert _stands() == (left > 0)
        assert _pages(look) <= 3 * before + 40  # a few for each lane

    def test_an_older_row_of_a_lane_is_seen_until_it_leaves(self) -> None:
        _execute("INSERT INTO jobs_lane (queue, lane) VALUES (%s, 'tenant 1')", QUEUE)
        _execute(RELAY, QUEUE, MANY - 10)
        _mark()
        _mark()
        assert _stands()
        _execute(RELAY, QUEUE, 10)
        _mark()
        assert not _stands()
        Ready.objects.create(
            queue=QUEUE, lane="tenant 2", rank="2999-01-01T00:00Z", id=uuid4(), kind="kinds.add"
        )
        assert _stands()


@pytest.mark.usefixtures("committed")
def test_the_documented_query_shows_the_session_that_holds_a_snapshot() -> None:
    docs = (Path(__file__).parents[3] / "docs" / "operate.md").read_text(encoding="utf-8")
    query = re.search(r"```sql\n(SELECT pid.+?)```", docs, re.DOTALL)
    assert query
    with another_session() as reader:
        reader.do(lambda: execute("BEGIN ISOLATION LEVEL REPEATABLE READ"))
        reader.do(lambda: steps._rows("SELECT count(*) FROM jobs_ready"))
        assert reader.pid in [row[0] for row in steps._rows(query[1].replace("LIMIT 5", ""))]
        reader.do(lambda: execute("ROLLBACK"))


@pytest.mark.django_db
class TestMark:
    def test_a_queue_without_a_mark_is_read_from_its_start(self) -> None:
        assert not _stands()
        steps.in_line()
        assert not LineMark.objects.exists()
        assert _stands()

    def test_the_function_of_the_previous_release_still_answers(self) -> None:
        _mark()
        for expected in (False, True):
            with connection.cursor() as cursor:
                cursor.execute("SELECT job_line_stands('default')")
                assert cursor.fetchall() == [(expected,)]
            steps.in_line()

    def test_jobs_of_one_rank_are_told_apart_by_their_ids(self) -> None:
        _execute(FILL, QUEUE, 1, 1, 100)
        _execute(RELAY, QUEUE, 60)
        _mark()
        mark, head = LineMark.objects.get(), Ready.objects.order_by("rank", "id")[0]
        assert (mark.begins_at, mark.begins_id) == (head.rank, head.id)

    def test_a_mark_ahead_of_the_clock_comes_back_when_the_line_is_empty(self) -> None:
        _mark()
        LineMark.objects.update(begins_at="2999-01-01T00:00Z")
        steps.in_line()
        assert not _stands()
        _mark(search_all=True)
        assert _stands()
        assert LineMark.objects.get().begins_at.year < 2999

    def test_marks_of_one_queue_leave_another_alone(self) -> None:
        _mark()
        steps.in_line(queue="renamed")
        with connection.cursor() as cursor:
            cursor.execute("SELECT job_line_stands('renamed', NULL)")
            assert cursor.fetchall() == [(True,)]

    def test_a_mark_that_nobody_moved_for_a_day_is_deleted(self) -> None:
        _mark()
        _mark("imports")
        _execute("UPDATE jobs_line_mark SET marked_at = now() - interval '25 hours' WHERE queue = 'imports'")
        assert sql.run("forget_line_marks", {}) == [("imports",)]
        assert LineMark.objects.get().queue == QUEUE
