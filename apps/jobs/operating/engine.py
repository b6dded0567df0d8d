"""Whether the database, the keeper and the broker can start jobs at all, by what the keeper wrote last."""

from typing import NamedTuple

from apps.jobs import sql
from apps.jobs.operating.not_started import Cause

_SILENT_S = 20  # a duty's row is written every 5 s
_BROKER_AWAY = "The broker is away"  # how rounds.py begins such an error


class Engine(NamedTuple):
    """What was written last."""

    is_read_only: bool
    duties: dict[str, str]  # those that ran lately, and the error of each

    def causes(self) -> list[Cause]:
        """Return why no job may start, whatever its kind: nothing when all three are well."""
        if self.is_read_only:
            return [READ_ONLY]
        if "relay" not in self.duties:
            return [KEEPER_DEAD]
        return [failing("relay", error)] if (error := self.duties["relay"]) else []

    def failures(self) -> list[Cause]:
        """Return the keeper's tasks that fail, those included for which no job waits."""
        return [failing(name, error) for name, error in self.duties.items() if error]


def engine() -> Engine:
    """Read it in one statement."""
    rows = sql.run("engine", {"silent": _SILENT_S})
    return Engine(rows[0][0], {name: error for _, name, error in rows if name is not None})


def failing(name: str, error: str) -> Cause:
    """Return the cause for a task of the keeper that fails; its sentence is for staff after the colon."""
    if error.startswith(_BROKER_AWAY):
        sentence = f"The keeper cannot reach the broker: {error.partition(': ')[2].rstrip('.')}."
        return Cause("broker", sentence, "Start the broker. No job is lost meanwhile.")
    sentence = f"The keeper's task {name} fails: {error.rstrip('.')}."
    return Cause("keeper", sentence, "Read the keeper's log.")


READ_ONLY = Cause(
    "database",
    "The database accepts no writes: no job starts or ends.",
    "Free disk space, end the standby mode, or reset default_transaction_read_only.",
)
KEEPER_DEAD = Cause(
    "keeper", "No keeper is running: waiting jobs, retries and rescues do not start.", "Run: manage.py keeper"
)
