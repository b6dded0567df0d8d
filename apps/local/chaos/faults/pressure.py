"""The database is held up: old snapshots, locks, deadlocks, time limits."""

import psycopg
from psycopg import sql

from apps.local.chaos.bounds import AFTER_LOCK, DEADLOCKS, SLOWDOWN
from apps.local.chaos.throughput import empty_jobs_per_s
from apps.local.chaos.trial import Trial

_LOCKED_S = 4.0
_ASKED_FOR = 150  # more than four processes get done before the storm begins


def pinned_snapshots(trial: Trial) -> None:
    """Keep three old snapshots open, so that nothing can be vacuumed (F39)."""
    trial.end_load()
    trial.drain()
    free = empty_jobs_per_s(trial)
    holders = [psycopg.connect(trial.rig.postgres.url()) for _ in range(3)]
    for holder in holders:
        holder.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        holder.execute("SELECT count(*) FROM jobs_job")
    trial.send(jobs=1500, kinds=("plain",))
    trial.drain()
    pinned = empty_jobs_per_s(trial)
    dead = trial.rig.value("SELECT sum(n_dead_tup) FROM pg_stat_user_tables WHERE relname LIKE 'jobs_%'")
    for holder in holders:
        holder.close()
    trial.note(f"throughput {pinned / free:.0%} of before with {dead} dead rows that could not go")
    SLOWDOWN.check(free / pinned)


def locked_tables(trial: Trial) -> None:
    """Lock the table of jobs against everybody for a while, then rewrite the small ones (F40)."""
    with psycopg.connect(trial.rig.postgres.url()) as admin:
        admin.execute("LOCK TABLE jobs_job IN ACCESS EXCLUSIVE MODE")
        trial.hold(_LOCKED_S)
    with psycopg.connect(trial.rig.postgres.url(), autocommit=True) as admin:
        for table in ("jobs_ready", "jobs_bundle"):
            admin.execute(sql.SQL("VACUUM FULL {}").format(sql.Identifier(table)))
    trial.progress(10, "jobs after the lock")
    trial.end_load()
    slowest = trial.enqueued.get("max_s", 0)
    trial.note(f"slowest enqueue {slowest:.1f} s, the lock held {_LOCKED_S:.0f} s")
    AFTER_LOCK.check(slowest - _LOCKED_S)


def deadlocks(trial: Trial) -> None:
    """Let eight processes finish, and others cancel and rescue in the order that suits them (F41)."""
    count = "SELECT deadlocks FROM pg_stat_database WHERE datname = 'backline'"
    before = trial.rig.value(count)
    rogue = trial.rig.start("rogue_keeper")
    for _ in range(4):
        trial.kill_child()
        trial.progress(20)
    rogue.kill()
    found = trial.rig.value(count) - before
    trial.note(f"{found} deadlocks")
    DEADLOCKS.check(found)


def impatient_statements(trial: Trial) -> None:
    """Give every statement five milliseconds, for four seconds (F42)."""
    _limit(trial, "ALTER DATABASE backline SET statement_timeout = '5ms'")
    trial.hold(4)
    _limit(trial, "ALTER DATABASE backline RESET statement_timeout")
    trial.progress(10, "jobs after the limit")
    trial.note(
        f"{trial.rig.logs('worker', 'keeper').count('statement timeout')} statements cut short in the logs"
    )


def _limit(trial: Trial, statement: str) -> None:
    with psycopg.connect(trial.rig.postgres.url("postgres"), autocommit=True) as admin:
        admin.execute(statement)
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = 'backline' AND application_name = 'backline'"
        )


def cancel_storm(trial: Trial) -> None:
    """Cancel, release and replay the same jobs from sixteen threads (F49)."""
    storm = trial.rig.start("storm")  # it takes its time, in which the jobs would have ended
    doomed = trial.send_each("doomed", [{}] * 10)
    ids = trial.send_each("plain", [{"ms": 300}] * _ASKED_FOR) + doomed
    trial.may_die |= set(doomed)
    trial.may_be_cancelled |= set(ids)
    storm.tell(" ".join(ids))
    trial.rig.until(lambda: not storm.is_alive, "the storm is over")
    ended = trial.rig.ask("SELECT state, count(*) FROM jobs_job WHERE id = ANY (%s::uuid[]) GROUP BY 1", ids)
    trial.note(", ".join(f"{count} in state {state}" for state, count in sorted(ended)))
