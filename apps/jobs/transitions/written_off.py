"""What came as a message and can never run: a job in name only, dead from the start."""

from collections.abc import Mapping

from psycopg.types.json import Jsonb

from apps.jobs import process, sql
from apps.jobs.transitions.running import Trouble
from apps.lib.ids import new_id


def write_off(kind: str, queue: str, args: Mapping[str, str], story: Trouble) -> None:
    """Insert a dead job with its dead letter; ``args`` is what the message held, as it can be shown."""
    evidence = {"error_type": story.error_type, "traceback": story.traceback, "args": args}
    params = {
        "id": new_id(),
        "kind": kind,
        "queue": queue,
        "args": Jsonb(args),
        "fingerprint": story.fingerprint,
        "message": story.message,
        "evidence": Jsonb(evidence),
        "worker_id": process.worker_id() if process.is_worker() else None,
    }
    sql.run("write_off", params)
