"""Beside an old snapshot the rows that the relay took stay: looks at the line do not read over them."""

import json

import pytest
from django.db import connection, transaction

from apps.jobs import sql
from tests.jobs import steps
from tests.jobs.marks import execute
from tests.jobs.steps import another_session

FILL = """
    INSERT INTO jobs_ready (queue, lane, rank, id, kind, alone)
    SELECT %s, '', clock_timestamp() + n * interval '1 ms', gen_random_uuid(), 'kinds.add', false
      FROM generate_series(1, 20000) AS n
"""
RELAY = """
    DELETE FROM jobs_ready WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM jobs_ready WHERE queue = %s ORDER BY queue, lane, rank, id LIMIT 19990))
"""
LOOKS = {
    "job_line_stands": ("SELECT job_line_stands('default')", {}),
    "window_room": (sql.text("window_room"), {"least": 32, "per_slot": 4}),
}


def pages_read(look: str) -> int:
    """Return how many pages a look at the line reads."""
    statement, params = LOOKS[look]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", params)
        [(plan,)] = cursor.fetchall()
    [top] = json.loads(plan) if isinstance(plan, str) else plan
    return int(top["Plan"]["Shared Hit Blocks"] + top["Plan"]["Shared Read Blocks"])


@pytest.mark.parametrize("look", LOOKS)
def test_looks_at_the_line_cost_the_same_beside_an_old_snapshot(committed: None, look: str) -> None:
    with connection.cursor() as cursor:
        for queue in ("default", "imports"):
            cursor.execute(FILL, [queue])
    with transaction.atomic():
        before = pages_read(look)
    with another_session() as reader:
        reader.do(lambda: execute("BEGIN ISOLATION LEVEL REPEATABLE READ"))
        reader.do(lambda: steps._rows("SELECT count(*) FROM jobs_ready"))
        with connection.cursor() as cursor:
            for queue in ("default", "imports"):
                cursor.execute(RELAY, [queue])
        with transaction.atomic():
            after = pages_read(look)
        reader.do(lambda: execute("ROLLBACK"))
    assert after <= 3 * before + 10
