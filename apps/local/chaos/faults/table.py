"""Every fault of the harness, as data."""

from apps.local.chaos.faults import (
    attempts,
    bad_code,
    beats,
    broker,
    control,
    crash_points,
    cut_lines,
    database,
    deploys,
    kill_workers,
    load,
    moved_clocks,
    pressure,
    sessions,
    stop_workers,
    zombies,
)
from apps.local.chaos.faults.fault import Fault
from apps.local.chaos.rescues import OF_A_CHILD, OF_A_WORKER, Rescue
from apps.local.chaos.rig import Plan
from apps.local.chaos.trial import Load

_CABLED = Plan(is_cabled=True)
_NEXT_RELEASE = "apps.local.chaos.kinds,apps.local.chaos.newer_kinds"
_SKEWED = Plan(
    environment={"BACKLINE_JOB_MODULES": _NEXT_RELEASE},
    environment_of={
        "worker1": {"BACKLINE_JOB_MODULES": "apps.local.chaos.kinds"},
        "flooder": {
            "BACKLINE_JOB_MODULES": f"{_NEXT_RELEASE},apps.local.chaos.gone_kinds",
        },
    },
)
_SLOW = Load(jobs=200, per_s=40, ms=80)  # most of the time somebody is in the middle of a job
_EASY = Load(jobs=100, per_s=15, ms=60)
_NEEDS_ROWS = Load(jobs=60, per_s=10, ms=800, kinds=("atomic",))  # long transactions, each with its row

_COPIES = Load(jobs=60, per_s=10, ms=800, kinds=("copying",))
_CALM = Load(jobs=60, per_s=8, ms=40)
_STEADY = Load(jobs=120, per_s=25, ms=40)

_WITH_CLOCKS = Plan(clock_rate=1)
# Ten seconds by PostgreSQL's clock are one of the world's, by which workers beat and take messages.
_HURRIED = Plan(clock_rate=10, environment={"BACKLINE_DEAD_AFTER_S": "150", "BACKLINE_REPUBLISH_S": "50"})

_SOFT = {"BACKLINE_SOFT_SHUTDOWN_S": str(attempts.SOFT_S)}

_WAITS_FOR_ROOM = Rescue(
    because="its jobs take ten seconds and fill every process: each waits for a free one"
)
_NOBODY_IS_THERE = Rescue(because="there is no worker for twenty seconds")
_NO_RESCUER = Rescue(because="at some points it is the keeper that dies: who rescues has to lead first")

_ALL = (
    Fault("F00", "nothing: the control", control.nothing, celery=True),
    Fault(
        "F01",
        "a child is killed in its job, 10 times",
        kill_workers.children,
        load=_SLOW,
        celery=True,
        rescue=OF_A_CHILD,
        repeats=True,
    ),
    Fault(
        "F02",
        "popped messages never arrive; blind kills",
        kill_workers.blind_and_cut,
        plan=_CABLED,
        celery=True,
        rescue=OF_A_WORKER,
        repeats=True,
    ),
    Fault(
        "F03",
        "a worker's main process is killed",
        kill_workers.main_process,
        load=_SLOW,
        celery=True,
        rescue=OF_A_WORKER,
        repeats=True,
    ),
    Fault(
        "F04",
        "a worker is told to stop: TERM, QUIT, TERM and KILL",
        stop_workers.told_to_stop,
        celery=True,
        rescue=_WAITS_FOR_ROOM,
        repeats=True,
    ),
    Fault(
        "F05",
        "one of two workers is killed, again and again",
        kill_workers.one_after_the_other,
        celery=True,
        rescue=OF_A_WORKER,
        repeats=True,
    ),
    Fault(
        "F06",
        "all workers are killed and return after 20 s",
        kill_workers.all_at_once,
        celery=True,
        rescue=_NOBODY_IS_THERE,
        repeats=True,
    ),
    Fault("F07", "the leading keeper is killed, then all; each beat, then all", beats.killed, load=_STEADY),
    Fault(
        "F08",
        "PostgreSQL is stopped without care, 3 times",
        database.stopped_without_care,
        celery=True,
        repeats=True,
    ),
    Fault("F09", "PostgreSQL is killed, 3 times", database.killed, repeats=True),
    Fault("F10", "sessions are ended at random", database.sessions_ended, celery=True, repeats=True),
    Fault("F11", "the leading keeper loses its session, then beats", beats.lost_session, load=_STEADY),
    Fault("F12", "no connection is left", database.no_connection_left, repeats=True),
    Fault(
        "F13", "rescue and finish want the same row", zombies.race, load=_NEEDS_ROWS, repeats=True, stale=1
    ),
    Fault("F14", "a frozen worker wakes after its rescue", zombies.frozen, load=_SLOW, repeats=True, stale=1),
    Fault(
        "F15",
        "the same, with a COPY in its open transaction",
        zombies.frozen_in_copy,
        load=_COPIES,
        repeats=True,
        stale=1,
    ),
    Fault("F16", "jobs abort, exit, crash, overflow the stack", bad_code.poison, repeats=True),
    Fault("F17", "jobs need more memory than there is", bad_code.hunger, repeats=True),
    Fault("F18", "jobs never return", bad_code.hang, repeats=True),
    Fault("F19", "the broker is killed: no file, each second, each write", broker.killed, celery=True),
    Fault("F20", "the broker is flushed; its keys are deleted", broker.flushed, celery=True),
    Fault("F21", "the broker is frozen for 8 s", broker.frozen, celery=True),
    Fault("F22", "the broker is full, then evicts", broker.full, celery=True),
    Fault("F23", "the broker drops its clients", broker.clients_dropped, celery=True),
    Fault(
        "F24",
        "a worker's lines to the broker fall silent",
        cut_lines.silent_broker,
        plan=_CABLED,
        celery=True,
    ),
    Fault("F25", "PostgreSQL's answers are lost", cut_lines.lost_answers, plan=_CABLED, repeats=True),
    Fault(
        "F26",
        "the line to PostgreSQL is cut at 32 places of a cycle",
        cut_lines.cut_by_bytes,
        plan=_CABLED,
        repeats=True,
    ),
    Fault(
        "F27",
        "a process dies at every labelled point",
        crash_points.sweep,
        load=_EASY,
        rescue=_NO_RESCUER,
        repeats=True,
    ),
    Fault(
        "F28",
        "a worker is parted from PostgreSQL, then from the broker",
        cut_lines.partition,
        plan=_CABLED,
        repeats=True,
    ),
    Fault("F29", "PostgreSQL is 50, 200, 1000 ms away", cut_lines.slow_database, plan=_CABLED, repeats=True),
    Fault("F30", "the broker is 2 ms away", cut_lines.slow_broker, plan=_CABLED),
    Fault("F31", "every message is there three times", broker.tripled, celery=True),
    Fault("F32", "messages are shuffled", broker.shuffled, celery=True),
    Fault(
        "F33",
        "rogue keepers; two beats, then five, in trouble",
        beats.too_many,
        load=_STEADY,
        plan=_HURRIED,
        repeats=True,
    ),
    Fault(
        "F34",
        "clocks jump by -1 h, +1 h, +25 h",
        moved_clocks.jumps,
        load=_CALM,
        plan=_WITH_CLOCKS,
        rescue=OF_A_WORKER,
        repeats=True,
    ),
    Fault("F35", "DST nights, a leap day, 2038", moved_clocks.nights, load=_CALM, plan=_WITH_CLOCKS),
    Fault("F39", "old snapshots are held", pressure.pinned_snapshots),
    Fault("F40", "tables are locked and rewritten", pressure.locked_tables),
    Fault(
        "F41",
        "eight processes and the order of their locks",
        pressure.deadlocks,
        plan=Plan(concurrency=4),
        rescue=OF_A_CHILD,
        repeats=True,
    ),
    Fault("F42", "statements may take 5 ms", pressure.impatient_statements, repeats=True),
    Fault("F43", "releases differ between workers", deploys.skew, plan=_SKEWED),
    Fault("F44", "junk in the queue", broker.corrupted, celery=True),
    Fault("F45", "the ledger is put back to an older copy", deploys.restored, repeats=True),
    Fault("F47", "one tenant floods the others", load.flood),
    Fault("F48", "300 jobs fail at once", load.failing_wave),
    Fault("F49", "cancel, release and replay from 16 threads", pressure.cancel_storm, repeats=True),
    Fault("F60", "bodies change their database sessions", sessions.changed, load=_EASY),
    Fault("F61", "the same in threads", sessions.changed, load=_EASY, plan=Plan(pool="threads")),
    Fault("F62", "the same in solo workers", sessions.changed, load=_EASY, plan=Plan(pool="solo")),
    Fault("F63", "bodies raise all of BaseException", attempts.raised, load=_EASY, repeats=True),
    Fault(
        "F64",
        "the same in threads",
        attempts.raised,
        load=_EASY,
        plan=Plan(pool="threads"),
        repeats=True,
    ),
    Fault(
        "F65", "the same in solo workers", attempts.raised, load=_EASY, plan=Plan(pool="solo"), repeats=True
    ),
    Fault(
        "F66",
        "workers are stopped in every way at random moments",
        attempts.shut_down,
        load=_CALM,
        plan=Plan(environment=_SOFT),
        repeats=True,
    ),
    Fault(
        "F67",
        "the same in threads",
        attempts.shut_down,
        load=_CALM,
        plan=Plan(pool="threads", environment=_SOFT),
        repeats=True,
    ),
    Fault(
        "F68",
        "the same in solo workers",
        attempts.shut_down,
        load=_CALM,
        plan=Plan(pool="solo", environment=_SOFT),
        repeats=True,
    ),
)

FAULTS: dict[str, Fault] = {fault.code: fault for fault in _ALL}
