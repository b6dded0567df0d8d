"""Into the ledger by the thousand: jobs of one kind are copied in, and the first ones go out at once."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from uuid import UUID, uuid4

from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import Copy

from apps.jobs import sql
from apps.jobs.kinds.limits import lane_of
from apps.jobs.sessions import apart
from apps.jobs.states import State
from apps.jobs.transitions.new_jobs import Message, NewJob, as_params

Row = tuple[str, str, str]  # id in hexadecimal digits, arguments as JSON, what its limits count

_ROWS_A_WRITE = 500


class ManyJobs:
    """Jobs of one kind on their way in, in the caller's transaction, a block at a time.

    ``like`` says what they have in common. The first go out at once, in ``window`` messages of ``most`` jobs
    at most; what is left, or has a limit, stands in line.
    """

    def __init__(self, like: NewJob, *, window: int, most: int) -> None:
        self._like = like
        [(room, pace, worth, sleeps, common)] = sql.run("plan_many", as_params(like) | {"window": window})
        self._state = State.SCHEDULED if sleeps else State.READY
        self._room: int = 0 if sleeps else room
        self._most: int = min(most, pace)
        self._least: int = min(self._most, worth)
        self._common = "\t".join("\\N" if value is None else _escaped(value) for value in common)
        self._key, self._end = "", self._end_of("", self._state)
        self._sent: list[tuple[list[str], str]] = []  # ids, and arguments of the first

    def write(self, rows: Iterable[Row], *, count: int) -> None:
        """Copy in one block, of ``count`` jobs at most: few are spread over the window.

        The first block alone goes out; what follows it stands in line, behind it.
        """
        rows = iter(rows)
        with _copy() as copy:
            copy.write("".join(self._go_out(rows, self._size(count))))
            while block := "".join(map(self._wait, islice(rows, _ROWS_A_WRITE))):
                copy.write(block)
        self._room = 0

    def send(self) -> list[tuple[Message, str]]:
        """Put the first jobs into the window.

        Return what to publish after the commit, each message with the arguments of its first job as JSON.
        """
        kind, queue = self._like.kind, self._like.queue
        sent = [(Message(uuid4(), kind, queue, list(map(UUID, ids))), first) for ids, first in self._sent]
        _put_into_window([message for message, _ in sent])
        return sent

    def _go_out(self, rows: Iterable[Row], size: int) -> Iterable[str]:
        """Fill messages while the window has room."""
        end = self._end_of("", State.QUEUED)
        for row in islice(rows, self._room * size):
            job_id, args, limit_key = row
            if limit_key:
                yield self._wait(row)
                continue
            if not self._sent or len(self._sent[-1][0]) == size:
                self._sent.append(([], args))
            self._sent[-1][0].append(job_id)
            yield f"{job_id}\t{_doubled(args)}\t{end}"

    def _wait(self, row: Row) -> str:
        job_id, args, limit_key = row
        if limit_key != self._key:
            self._key, self._end = limit_key, self._end_of(limit_key, self._state)
        return f"{job_id}\t{_doubled(args)}\t{self._end}"

    def _end_of(self, limit_key: str, state: State) -> str:
        """Return what follows the arguments."""
        lane = _escaped(lane_of(self._like.tenant, limit_key))
        return f"{state:d}\t{lane}\t{_escaped(limit_key)}\t{self._common}\n"

    def _size(self, count: int) -> int:
        spread = -(-count // max(self._room, 1))
        return min(self._most, max(spread, self._least))


def _put_into_window(messages: Sequence[Message]) -> None:
    """Write messages down as being in the broker, in one statement."""
    params = {
        "bundles": [message.id for message in messages],
        "queues": [message.queue for message in messages],
        "kinds": [message.kind for message in messages],
        "ids": [sql.array(message.ids) for message in messages],
    }
    if messages:
        sql.run("put_into_window", params)


@contextmanager
def _copy() -> Iterator[Copy]:
    """Open a COPY whose errors are Django's, as those of any statement."""
    with (
        apart.unaffected(connections[DEFAULT_DB_ALIAS]) as database,
        database.cursor() as cursor,
        database.wrap_database_errors,
        cursor.copy(sql.text("copy_jobs")) as copy,
    ):
        yield copy


def _doubled(json_text: str) -> str:
    """Return JSON as COPY reads it: it holds no line breaks and tabs as such."""
    return json_text.replace("\\", "\\\\")


def _escaped(text: str) -> str:
    """Return any text as COPY reads it."""
    return _doubled(text).replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
