"""Whether the database, the keeper and the broker can start jobs at all, by what the keeper wrote last."""

from typing import NamedTuple

from apps.jobs import sql
from apps.jobs.messages import broker
from apps.jobs.models.lead import LEASE_S
from apps.jobs.operating.not_started import Cause

_SILENT_S = 20  # a duty's row is written every 5 s
_BROKER_AWAY = "The broker is away"  # how rounds.py begins such an error
_LOCKED = "due to lock timeout"  # how PostgreSQL ends such an error
_END_LOCK = "Find the session that holds the lock in pg_locks, and end what it does."


class Engine(NamedTuple):
    """What was written last."""

    is_read_only: bool
    has_keeper: bool  # one leads, or did a task lately
    duties: dict[str, str]  # those that ran lately, and the error of each

    def causes(self) -> list[Cause]:
        """Return why no job may start, whatever its kind: nothing when all three are well."""
        if self.is_read_only:
            return [READ_ONLY]
        if "relay" not in self.duties:
            return [self.silent("relay")]
        return [failing("relay", error)] if (error := self.duties["relay"]) else []

    def silent(self, name: str) -> Cause:
        """Return the cause for a task of the keeper that did not run lately."""
        if not self.has_keeper:
            return KEEPER_DEAD
        waits = ": waiting jobs do not start" if name == "relay" else ""
        sentence = f"The keeper runs, but did not end its task {name} for {_SILENT_S} s{waits}."
        return Cause("keeper", sentence, "See its log, and pg_stat_activity where wait_event_type is Lock.")

    def failures(self) -> list[Cause]:
        """Return the keeper's tasks that fail, those included for which no job waits."""
        return [failing(name, error) for name, error in self.duties.items() if error]


def engine() -> Engine:
    """Read it in one statement."""
    rows = sql.run("engine", {"silent": _SILENT_S, "lease": LEASE_S})
    is_read_only, has_keeper = rows[0][:2]
    return Engine(is_read_only, has_keeper, {name: error for *_, name, error in rows if name is not None})


def failing(name: str, error: str) -> Cause:
    """Return the cause for a task of the keeper that fails; its sentence is for staff after the colon."""
    if error.startswith(_BROKER_AWAY) and broker.OUT_OF_MEMORY in error:
        mend = "Raise its maxmemory, or remove what else it stores. No job is lost meanwhile."
        return Cause("broker", "The broker is out of memory: it takes no messages.", mend)
    if error.startswith(_BROKER_AWAY):
        sentence = f"The keeper cannot reach the broker: {error.partition(': ')[2].rstrip('.')}."
        return Cause("broker", sentence, "Start the broker. No job is lost meanwhile.")
    sentence = f"The keeper's task {name} fails: {error.rstrip('.')}."
    return Cause("keeper", sentence, _END_LOCK if _LOCKED in error else "Read the keeper's log.")


READ_ONLY = Cause(
    "database",
    "The database accepts no writes: no job starts or ends.",
    "Free disk space, end the standby mode, or reset default_transaction_read_only.",
)
KEEPER_DEAD = Cause(
    "keeper", "No keeper is running: waiting jobs, retries and rescues do not start.", "Run: manage.py keeper"
)
