"""Every fault of the harness, as data."""

from apps.local.chaos.faults import broker, database, keepers, kill_workers, zombies
from apps.local.chaos.faults.fault import Fault
from apps.local.chaos.rig import Plan
from apps.local.chaos.trial import Load

_CABLED = Plan(is_cabled=True)
_SLOW = Load(jobs=200, per_s=40, ms=80)  # most of the time somebody is in the middle of a job

_ALL = (
    Fault("F01", "a child is killed in its job, 10 times", kill_workers.children, _SLOW, celery=True),
    Fault(
        "F02",
        "popped messages never arrive; blind kills",
        kill_workers.blind_and_cut,
        Load(480),
        _CABLED,
        celery=True,
    ),
    Fault("F03", "a worker's main process is killed", kill_workers.main_process, _SLOW, celery=True),
    Fault(
        "F05",
        "one of two workers is killed, again and again",
        kill_workers.one_after_the_other,
        Load(600),
        celery=True,
    ),
    Fault("F06", "all workers are killed and return after 20 s", kill_workers.all_at_once, celery=True),
    Fault("F07", "the leading keeper is killed, then all", keepers.killed),
    Fault("F08", "PostgreSQL is stopped without care, 3 times", database.stopped_without_care, celery=True),
    Fault("F09", "PostgreSQL is killed, 3 times", database.killed),
    Fault("F10", "sessions are ended at random", database.sessions_ended, Load(480), celery=True),
    Fault("F11", "the leading keeper loses its session", keepers.lost_session, Load(480)),
    Fault("F12", "no connection is left", database.no_connection_left, Load(480)),
    Fault("F13", "rescue and finish want the same row", zombies.race, Load(60, 10, 800, ("atomic",))),
    Fault("F14", "a frozen worker wakes after its rescue", zombies.frozen, _SLOW),
    Fault("F19", "the broker is killed: no file, each second, each write", broker.killed, celery=True),
    Fault("F20", "the broker is flushed; its keys are deleted", broker.flushed, Load(480), celery=True),
    Fault("F21", "the broker is frozen for 8 s", broker.frozen, Load(600), celery=True),
    Fault("F22", "the broker is full, then evicts", broker.full, Load(600), celery=True),
    Fault("F23", "the broker drops its clients", broker.clients_dropped, Load(480), celery=True),
    Fault("F31", "every message is there three times", broker.tripled, Load(480), celery=True),
    Fault("F32", "messages are shuffled", broker.shuffled, Load(480), celery=True),
    Fault("F44", "junk in the queue", broker.corrupted, Load(480), celery=True),
)

FAULTS: dict[str, Fault] = {fault.code: fault for fault in _ALL}
