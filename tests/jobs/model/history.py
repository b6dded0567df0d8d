"""The path of every job as the database saw it: a trigger writes down each change of state or lease."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from apps.jobs.states import State

_MAKE = """
CREATE TABLE model_moves (n bigserial, xid xid8 DEFAULT pg_current_xact_id(), job uuid, was int, became int,
                          left_lease uuid, took_lease uuid);
CREATE FUNCTION model_writes_it_down() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO model_moves (job, became, took_lease) VALUES (NEW.id, NEW.state, NEW.lease);
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO model_moves (job, was, left_lease) VALUES (OLD.id, OLD.state, OLD.lease);
    ELSIF (OLD.state, OLD.lease) IS DISTINCT FROM (NEW.state, NEW.lease) THEN
        INSERT INTO model_moves (job, was, became, left_lease, took_lease)
        VALUES (NEW.id, OLD.state, NEW.state, OLD.lease, NEW.lease);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER model_writes_it_down AFTER INSERT OR UPDATE OR DELETE ON jobs_job
    FOR EACH ROW EXECUTE FUNCTION model_writes_it_down();
"""
_DROP = """
DROP TRIGGER model_writes_it_down ON jobs_job;
DROP FUNCTION model_writes_it_down;
DROP TABLE model_moves;
"""
_COLUMNS = "SELECT job, was, became, left_lease, took_lease FROM model_moves"


@dataclass(frozen=True, slots=True)
class Move:
    """One change of a job's state or lease; it comes from nowhere when made, and goes there when pruned."""

    job: UUID
    was: State | None
    became: State | None
    left_lease: UUID | None
    took_lease: UUID | None


@contextmanager
def written_down() -> Iterator[None]:
    """Let the database write down every move, until the end of this."""
    _execute(_MAKE)
    try:
        yield
    finally:
        _execute(_DROP)


def forget() -> None:
    """Begin anew."""
    _execute("DELETE FROM model_moves")


def all_moves() -> list[Move]:
    """Return every committed move; those of one job are in their order, since each held its row."""
    return _moves(f"{_COLUMNS} ORDER BY n")


def moves_of_this_transaction() -> list[Move]:
    """Return what the open transaction moved so far."""
    return _moves(f"{_COLUMNS} WHERE xid = pg_current_xact_id_if_assigned() ORDER BY n")


def _moves(text: str) -> list[Move]:
    with connection.cursor() as cursor:
        cursor.execute(text)
        return [
            Move(job, _state(was), _state(became), *leases) for job, was, became, *leases in cursor.fetchall()
        ]


def _state(number: int | None) -> State | None:
    return None if number is None else State(number)


def _execute(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text)
