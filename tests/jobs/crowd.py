"""Put crowds in line, in one statement."""

from uuid import UUID

from apps.lib.ids import new_id
from tests.jobs import steps

_CROWD = """
INSERT INTO jobs_job (id, enqueued_at, rank, kind, queue, trigger, subject, args, state, attempt, failures,
                      deaths, fingerprint, priority, max_attempts, tenant, lane, limit_key)
SELECT id, now(), now() + place * interval '1 microsecond', %(kind)s, %(queue)s, 'code', '', '{}', 1, 0, 0, 0,
       '', 0, 3, %(lane)s, %(lane)s, %(key)s
  FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS crowd (id, place)
RETURNING 1
"""


def many_in_line(
    count: int, *, lane: str = "", queue: str = steps.QUEUE, kind: str = steps.KIND, key: str = ""
) -> list[UUID]:
    """Put so many jobs in line and return them in its order."""
    ids = [new_id() for _ in range(count)]
    steps._rows(_CROWD, {"ids": ids, "kind": kind, "queue": queue, "lane": lane, "key": key})  # type: ignore[arg-type]  # by name
    return ids
