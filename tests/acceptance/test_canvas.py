"""Celery's own canvas patterns on real workers, which are killed in the middle."""

import base64
import json
import os
from uuid import uuid4

import redis

from tests.acceptance.machine import Machine, kill_group

SUCCEEDED, CANCELLED = 6, 8
PREFIX = "backline:"  # global_keyprefix in the settings

# name: the canvas, its value
PATTERNS = {
    "chain": ("chain(k.plus.s(1, 2), k.plus.s(10), k.plus.s(100))()", 113),
    "group": ("group(k.plus.s(n, n) for n in range(20))()", [2 * n for n in range(20)]),
    "chord": ("chord([k.plus.s(n, n) for n in range(20)])(k.total.s())", 380),
    "chord in a chain": ("(chord([k.plus.s(1, 1), k.plus.s(2, 2)], k.total.s()) | k.plus.s(4))()", 10),
    "chain in a chord": ("chord([k.plus.s(1, 1) | k.plus.s(1), k.plus.s(5, 5)])(k.total.s())", 13),
    "chord in a chord": ("chord([chord([k.plus.s(1, 1)], k.total.s()), k.plus.s(5, 5)])(k.total.s())", 12),
    "group that ends a part": ("chord([k.plus.si(1) | group(k.plus.si(2), k.plus.si(3))], k.count.s())()", 2),
    "plain group that ends a part": (
        "(group(k.times.s(1, 2), k.times.si(1, 3) | group(k.times.s(4), k.plus.s(5))) | k.count.s())()",
        3,
    ),
    "part without a result of its own": ("chord([k.quiet.s(7), k.plus.s(1, 1)])(k.total.s())", 9),
    "group in a chain": ("(k.plus.s(1, 1) | group(k.plus.s(1), k.plus.s(2)) | k.total.s())()", 7),
    "retry in a chord": ("chord([k.flaky.s(1), k.plus.s(1, 1)])(k.total.s())", 12),
    "link": ("k.plus.apply_async((1, 2), link=k.counted.s('linked'))", 3),
    "chain in the middle replaced": ("(k.swap.s(1) | k.plus.s(1))()", 1102),
    "replaced by a group": ("k.swap.delay(1, into='group')", [1, 2, 3]),
    "part of a chord replaced": ("chord([k.swap.s(1), k.plus.s(1, 1)])(k.total.s())", 1103),
    "another package's task": ("k.times.delay(6, 7)", 42),
    "others' tasks in a chain": ("(k.times.s(2, 3) | k.plus.s(4) | k.times.s(10) | k.plus.s(1))()", 101),
    "others' tasks in a chord": ("chord([k.times.s(2, 3), k.plus.s(1, 1)])(k.total.s())", 8),
    "another's task as body": ("(chord([k.plus.s(1, 1)], k.total.s()) | k.times.s(3))()", 6),
    "another's task replaced by a job": ("k.turns.delay(1)", 6),
    "another's task replaced by a chain": ("k.turns.delay(1, into='chain')", 1101),
    "another's task replaced by a chord": ("k.turns.delay(1, into='chord')", 5),
    "another's task replaced twice": ("k.turns.delay(1, into='job that turns too')", 1101),
    "replaced task of another in a chord": (
        "chord([k.turns.s(1), k.turns.s(1, into='chord'), k.plus.s(1, 1)])(k.total.s())",
        13,
    ),
    "replaced task of another in a chain": ("(k.turns.s(1, into='chain') | k.plus.s(1))()", 1102),
    "bare tasks": ("(k.plus.s(1, 1) | chord([k.plus, k.plus.s(5)], k.total.s()))()", 10),
    "starmap": ("k.plus.starmap([(1, 2), (3, 4)]).delay()", [3, 7]),
    "chunks": ("k.plus.chunks([(n, n) for n in range(6)], 2)()", [[0, 2], [4, 6], [8, 10]]),
    "request of a worker": ("k.routed.delay()", ["default", "w"]),
    "by name": ("app.send_task('canvas.plus', (1, 2))", 3),
    "names in a chain": ("(app.signature('canvas.plus', (1, 2)) | app.signature('canvas.plus', (4,)))()", 7),
}
FAILURES = {
    "chain": ("(k.plus.s(1, 1) | k.boom.s() | k.plus.s(1) | k.plus.s(2))()", "ValueError"),
    "chord": ("chord([k.plus.s(1, 1), k.boom.s()])(k.total.s().on_error(k.told.s()))", "ValueError"),
    "replacement": ("(k.swap.s(1, into='boom') | k.plus.s(1))()", "ValueError"),
    "another's task replaced by one that fails": ("k.turns.delay(1, into='boom')", "ValueError"),
    "replaced part of a chord fails": (
        "chord([k.turns.s(1, into='boom'), k.plus.s(1, 1)])(k.total.s())",
        "ValueError",
    ),
    "another's task": ("(k.plus.s(1, 1) | k.fails.s() | k.plus.s(4))()", "KeyError"),
    "error callback": ("k.boom.apply_async(link_error=[k.told_badly.s(), k.note.s()])", "ValueError"),
}


def _program(machine: Machine, code: str) -> list[object]:
    """Run a program of a Celery user; return what it printed, line by line."""
    head = (
        "import json\n"
        "from celery import chain, chord, current_app as app, group\n"
        "from tests.kinds import canvas as k\n"
    )
    return [json.loads(line) for line in machine.program(head + code).splitlines()]


def _prepare(machine: Machine) -> None:
    machine.ask("CREATE TABLE canvas_marks (name text)")
    machine.keeper()


def _marks(machine: Machine) -> dict[str, int]:
    return dict(machine.ask("SELECT name, count(*) FROM canvas_marks GROUP BY name"))


def test_celery_s_patterns_end_as_celery_s_users_expect(machine: Machine) -> None:
    _prepare(machine)
    machine.worker()
    started = "\n".join(f"r.append({canvas})" for canvas, _ in PATTERNS.values())
    values = _program(machine, f"r = []\n{started}\nfor one in r: print(json.dumps(one.get(timeout=60)))")
    assert dict(zip(PATTERNS, values, strict=True)) == {name: value for name, (_, value) in PATTERNS.items()}
    machine.until(lambda: _marks(machine).get("linked") == 1, "the callback")
    assert machine.value("SELECT count(*) FROM django_celery_results_chordcounter") == 0

    started = "\n".join(f"r.append({canvas})" for canvas, _ in FAILURES.values())
    raised = _program(
        machine,
        f"r = []\n{started}\nfor one in r:\n"
        "  try: print(json.dumps(one.get(timeout=60)))\n"
        "  except Exception as error: print(json.dumps(type(error).__name__))",
    )
    assert dict(zip(FAILURES, raised, strict=True)) == {name: error for name, (_, error) in FAILURES.items()}
    note = "SELECT count(*) FROM jobs_job WHERE kind = 'canvas.note' AND state = %s"
    machine.until(lambda: machine.value(note, SUCCEEDED) == 1, "the error callback")
    assert sum(count for name, count in _marks(machine).items() if name.startswith("told 0")) == 1
    assert machine.value("SELECT count(*) FROM jobs_unsettled") == 0


def test_a_chain_and_a_chord_complete_though_their_worker_is_killed_and_each_step_counts_once(
    machine: Machine,
) -> None:
    _prepare(machine)
    steps = " | ".join(f"k.counted.s('chain {n}', pause_ms=100)" for n in range(1, 12))
    parts = ", ".join(f"k.counted.s({n}, 'part {n}', pause_ms=150)" for n in range(16))
    [ids] = _program(
        machine,
        f"one = (k.counted.s(5, 'chain 0') | {steps} | k.times.s(2) | k.counted.s('last'))()\n"
        f"other = chord([{parts}])(k.counted_total.s('body'))\n"
        "print(json.dumps([one.id, other.id]))",
    )
    first = machine.worker("first")
    machine.until(lambda: len(_marks(machine)) >= 6, "some steps of both")
    kill_group(first)
    left = set(_marks(machine))
    assert not {"last", "body"} & left, "it was killed too late to say anything"
    machine.worker("second")
    machine.until_ended(list(map(str, ids)))  # type: ignore[call-overload]  # a list of two
    expected = {*(f"chain {n}" for n in range(12)), *(f"part {n}" for n in range(16)), "last", "body"}
    assert _marks(machine) == dict.fromkeys(expected, 1)
    results = dict(machine.ask("SELECT kind, result FROM jobs_job WHERE id = ANY(%s::uuid[])", ids))
    assert results == {"canvas.counted": 10, "canvas.counted_total": sum(range(16))}


def test_a_batch_starts_its_last_job_once_though_its_worker_and_the_keeper_are_killed(
    machine: Machine,
) -> None:
    machine.ask("CREATE TABLE canvas_marks (name text)")
    keeper, worker = machine.keeper(), machine.worker("first")
    [waiting] = _program(
        machine,
        "from apps.jobs import batch\n"
        "with batch('canvas.counted', value=1, name='last') as waiting:\n"
        "  for n in range(24): k.counted.delay(n, f'part {n}', pause_ms=150)\n"
        "print(json.dumps(str(waiting)))",
    )
    machine.until(lambda: len(_marks(machine)) >= 6, "some of its jobs")
    kill_group(worker)
    kill_group(keeper)
    assert len(_marks(machine)) < 24, "they were killed too late to say anything"
    machine.keeper()
    machine.worker("second")
    machine.until_ended([str(waiting)])
    assert _marks(machine) == dict.fromkeys([*(f"part {n}" for n in range(24)), "last"], 1)


def test_parts_that_kill_their_process_are_run_again_or_fail_their_chord(machine: Machine) -> None:
    _prepare(machine)
    machine.worker()
    values = _program(
        machine,
        "once = chord([k.dies.s(7), k.plus.s(1, 1)])(k.total.s())\n"
        "always = chord([k.dies.s(1, always=True), k.plus.s(1, 1)])(k.total.s().on_error(k.told.s()))\n"
        "print(json.dumps(once.get(timeout=60)))\n"
        "try: always.get(timeout=60)\n"
        "except Exception as error: print(json.dumps(str(error)[:15]))",
    )
    assert values == [9, "Its worker died"]
    machine.until(lambda: any(name.startswith("told") for name in _marks(machine)), "the errback")


def test_a_worker_outlives_every_message_that_somebody_puts_into_its_queue(machine: Machine) -> None:
    _prepare(machine)
    worker = machine.worker(concurrency=1)
    plain = (
        "from celery import Celery\n"
        "other = Celery('other', broker=app.conf.broker_url, set_as_current=False)\n"
        f"options = {{'global_keyprefix': {PREFIX!r}}}\n"
        "other.conf.update(broker_transport_options=options, task_default_queue='default')\n"
    )
    _program(
        machine,
        plain + "other.send_task('canvas.plus', (40, 2))\n"
        "other.send_task('canvas.plus', ('x',), {'nope': 1})\n"
        "other.send_task('no.such.kind', (1,))\n"
        f"other.send_task('canvas.plus', headers={{'bundle': '{uuid4()}', 'jobs': ['{uuid4()}']}})\n"
        "other.send_task('canvas.plus', headers={'bundle': 'garbage', 'jobs': {'a': 1}})\n",
    )
    with redis.Redis.from_url(machine.environment["CELERY_BROKER_URL"]) as broker:
        for message in _unreadable():
            broker.lpush(f"{PREFIX}default", message)
    [value] = _program(machine, "print(json.dumps(k.plus.delay(1, 1).get(timeout=60)))")
    assert value == 2
    assert worker.poll() is None
    adopted = (
        "SELECT state, result FROM jobs_job WHERE trigger = 'message' AND kind = 'canvas.plus' ORDER BY 1"
    )
    assert machine.ask(adopted) == [(SUCCEEDED, 42), (7, None)]
    kept = machine.value("SELECT count(*) FROM jobs_dead_letter WHERE kind = 'message.unreadable'")
    # of all but the one without properties, over which the transport trips, and of two that were sent plainly
    assert kept == len(_unreadable()) - 1 + 2
    assert os.getpgid(worker.pid) == worker.pid, "it is still the same process"


def _unreadable() -> list[bytes]:
    """Return messages that are wrong in their body, their headers or their envelope."""
    good: dict[str, object] = {
        "body": base64.b64encode(b"[[], {}, {}]").decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"task": "canvas.plus", "id": "x", "lang": "py"},
        "properties": {
            "correlation_id": "x",
            "delivery_info": {"exchange": "", "routing_key": "default"},
            "body_encoding": "base64",
            "delivery_tag": "t",
        },
    }
    wrong: list[dict[str, object]] = [
        {"body": base64.b64encode(b"not json").decode()},
        {"content-type": "application/x-python-serialize"},
        {"headers": {}},
        {"headers": {"task": 7, "id": None}},
        {"headers": {"task": "no.such.kind", "id": None}},
        {"headers": [1]},
        {"properties": {}},
    ]
    return [json.dumps(good | one).encode() for one in wrong] + [
        b"garbage",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"7",
    ]
