"""The broker dies, forgets, freezes, is full, drops its clients, or holds what nobody put there."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import redis

from apps.local.chaos import sink
from apps.local.chaos.bounds import ALL_AGAIN, ENQUEUE
from apps.local.chaos.rig import WORKERS
from apps.local.chaos.trial import Broken, Trial

_FROZEN_S = 8.0


def killed(trial: Trial) -> None:
    """Kill it: with nothing saved, with an append-only file each second, and with one each write (F19)."""
    for setting in (
        {"appendonly": "no", "save": '""'},
        {"appendfsync": "everysec"},
        {"appendfsync": "always"},
    ):
        trial.rig.valkey.kill()
        trial.rig.valkey.settings = setting
        trial.rig.valkey.start()
        trial.progress(10, "jobs after the restart")
    trial.rig.valkey.settings = {}


def flushed(trial: Trial) -> None:
    """Flush it, then delete the queue and the keys of acknowledgement, one by one (F20)."""
    took, all_again = [], []
    for keys in ((), (trial.rig.queue,), ("unacked", "unacked_index"), (), (trial.rig.queue,)):
        lost_at = _lose(trial, keys)
        took.append(trial.progress(1, "jobs after the flush"))
        trial.progress(10)
        if not trial.rig.plan.is_celery:  # there they never begin
            all_again.append(_all_began(trial, lost_at))
    trial.note(f"next job after {max(took):.1f} s at most")
    if all_again:
        trial.note(f"all that lay there after {max(all_again):.1f} s at most")
        ALL_AGAIN.check(max(all_again))


def frozen(trial: Trial) -> None:
    """Freeze it for eight seconds; an enqueue waits for the database only (F21)."""
    pid = trial.rig.valkey.pid
    if pid is None:
        return
    os.kill(pid, signal.SIGSTOP)
    try:
        trial.hold(_FROZEN_S)
    finally:
        os.kill(pid, signal.SIGCONT)
    took = trial.progress(5, "jobs after the thaw")
    trial.end_load()
    p99, slowest = (trial.enqueued.get(name, 0) * 1000 for name in ("p99_s", "max_s"))
    trial.note(f"enqueue p99 {p99:.0f} ms, slowest {slowest:.0f} ms; jobs again {took:.1f} s after the thaw")
    if not trial.rig.plan.is_celery:
        ENQUEUE.check(p99)


def full(trial: Trial) -> None:
    """Leave it no memory: it refuses writes, then, wrongly set, evicts keys (F22)."""
    client = trial.rig.broker()
    for policy in ("noeviction", "allkeys-lru"):
        client.config_set("maxmemory-policy", policy)
        client.config_set("maxmemory", "1")
        trial.hold(4)
        client.config_set("maxmemory", "0")
        client.config_set("maxmemory-policy", "noeviction")
        trial.progress(5, f"jobs after {policy}")


def clients_dropped(trial: Trial) -> None:
    """Drop every client, each half second, ten times (F23)."""
    client = trial.rig.broker()
    dropped = 0
    for _ in range(10):
        dropped += int(client.client_kill_filter(_type="normal", skipme=True))
        trial.hold(0.5)
    trial.note(f"{dropped} connections dropped")


def tripled(trial: Trial) -> None:
    """Put every message there three times (F31)."""
    copies = sum(_rewrite(trial, lambda messages: messages * 3) for _ in range(5))
    trial.note(f"{copies * 2} duplicates")


def shuffled(trial: Trial) -> None:
    """Shuffle the messages that lie there (F32)."""
    moved = sum(
        _rewrite(trial, lambda messages: trial.random.sample(messages, len(messages))) for _ in range(5)
    )
    trial.note(f"{moved} messages shuffled; a global order is not promised")


def corrupted(trial: Trial) -> None:
    """Put there what is no message, what is too big, and what is for nobody (F44)."""
    client = trial.rig.broker()
    known = {process.pid for process in trial.rig.workers()}
    for junk in _junk(trial.rig.queue):
        client.lpush(trial.rig.queue, junk)
        with suppress(redis.RedisError):
            trial.progress(3, "jobs after junk")
    survived = known == {
        trial.rig.processes[name].pid for name in WORKERS if trial.rig.processes[name].is_alive
    }
    kept = trial.rig.value("SELECT count(*) FROM jobs_dead_letter WHERE kind = 'message.unreadable'")
    trial.note("both workers stayed up" if survived else "a worker ended on junk")
    trial.note(f"{kept} of it stayed as dead letters")
    if not survived:
        raise Broken("a worker ended on junk")


def _lose(trial: Trial, keys: tuple[str, ...]) -> float:
    """Delete these keys, or everything, while messages lie in the queue; return when."""
    with _nobody_takes(trial) as client:
        client.delete(*keys) if keys else client.flushall()
        return sink.now()


def _all_began(trial: Trial, lost_at: float) -> float:
    """Wait until every job that was enqueued before then began; return how long after it the last did."""
    enqueued = {line.job for line in trial.rig.sink.lines("kept") if trial.began_at <= line.at < lost_at}

    def first_begun() -> dict[str, float]:
        return {line.job: line.at for line in reversed(trial.rig.sink.lines("begun")) if line.job in enqueued}

    trial.rig.until(lambda: len(first_begun()) == len(enqueued), "every flushed job begins")
    return max([at - lost_at for at in first_begun().values()], default=0.0)


def _rewrite(trial: Trial, change: Callable[[list[bytes | str]], list[bytes | str]]) -> int:
    """Change what lies in the queue while no worker takes from it; return how many messages lay there."""
    with _nobody_takes(trial) as client:
        messages = client.lrange(trial.rig.queue, 0, -1)
        client.delete(trial.rig.queue)
        client.rpush(trial.rig.queue, *change(messages))
    trial.progress(10)
    return len(messages)


@contextmanager
def _nobody_takes(trial: Trial) -> Iterator["redis.Redis"]:
    """Freeze the workers until messages lie in the queue, and through the block."""
    client = trial.rig.broker()
    for worker in trial.rig.workers():
        worker.freeze()
    try:
        trial.rig.until(lambda: client.llen(trial.rig.queue) > 3, "messages lie in the queue", 10)
        yield client
    finally:
        for worker in trial.rig.workers():
            worker.wake()


def _junk(queue: str) -> list[bytes]:
    envelope = {
        "body": "W1tdLCB7fSwge31d",
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": "chaos.plain", "id": "0"},
        "properties": {
            "delivery_info": {"exchange": "", "routing_key": queue},
            "delivery_tag": "x",
            "body_encoding": "base64",
            "delivery_mode": 2,
            "priority": 0,
        },
    }
    stranger = {
        "bundle": "00000000-0000-4000-8000-000000000000",
        "jobs": ["00000000-0000-7000-8000-000000000000"],
    }
    told = {"lang": "py", "task": "chaos.plain", "id": stranger["jobs"][0], **stranger}
    return [
        b"this is no JSON",
        b'{"half": ',
        b"\x00\xff\xfe binary",
        b"[]",
        b"x" * 5_000_000,
        json.dumps({**envelope, "content-type": "application/x-python-serialize"}).encode(),
        json.dumps({**envelope, "body": "%%%"}).encode(),
        json.dumps({**envelope, "headers": {**envelope["headers"], "task": "nobody.knows"}}).encode(),  # type: ignore[dict-item]
        json.dumps(envelope).encode(),
        json.dumps({**envelope, "headers": told}).encode(),
        json.dumps({**envelope, "headers": {**told, "jobs": "not a list"}}).encode(),
    ]
