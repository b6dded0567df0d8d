"""A queue full of what nobody should find there."""

from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from kombu import Connection

from apps.jobs.messages.broker_options import transport_options
from tests.acceptance.brokers import on_each_broker
from tests.acceptance.machine import Machine


def put(machine: Machine, body: object, **options: Any) -> None:
    """Put a message into the queue as any program might."""
    url = machine.broker.url()
    with Connection(url, transport_options=transport_options(url)) as connection:
        producer = connection.Producer()
        producer.publish(body, routing_key="default", retry=False, **options)


def rubbish() -> Iterator[tuple[object, dict[str, Any]]]:
    """Yield what nobody should find in a queue: bodies and options of a publish."""
    ours = {"task": "kinds.add", "id": str(uuid4()), "lang": "py", "argsrepr": "", "kwargsrepr": ""}
    no_arguments: list[object] = [[], {}, {}]
    yield "{not json", {"content_type": "application/json", "content_encoding": "utf-8"}
    yield b"\x80\x04\x95", {"content_type": "application/x-python-serialize", "content_encoding": "binary"}
    yield b"\xff\xfe\x00", {"content_type": "application/octet-stream", "content_encoding": "binary"}
    yield "x" * 5_000_000, {"content_type": "text/plain", "content_encoding": "utf-8"}
    yield "{not json", {"headers": ours, "content_type": "application/json", "content_encoding": "utf-8"}
    yield {"no": "task"}, {}
    yield [1, 2], {"headers": {"task": None}}
    yield no_arguments, {"headers": ours | {"bundle": "no uuid", "jobs": ["no uuid"]}}
    yield no_arguments, {"headers": ours | {"bundle": str(uuid4()), "jobs": 7}}
    yield no_arguments, {"headers": ours | {"bundle": str(uuid4()), "jobs": []}}
    yield no_arguments, {"headers": ours | {"bundle": str(uuid4()), "jobs": [str(uuid4())]}}  # unknown ids
    unknown = {"task": "no.such.kind", "bundle": str(uuid4()), "jobs": [str(uuid4())]}
    yield no_arguments, {"headers": ours | unknown}


@on_each_broker
def test_a_queue_full_of_rubbish_costs_no_job_and_no_worker(machine: Machine) -> None:
    machine.keeper()
    worker = machine.worker(concurrency=1)
    ids = machine.enqueue("kinds.add", 5, a=1)
    for body, options in rubbish():
        put(machine, body, **options)
    ids += machine.enqueue("kinds.add", 5, a=1)
    machine.until_ended(ids)
    assert worker.poll() is None, "the worker ended"
    letters = machine.ask("SELECT message FROM jobs_dead_letter ORDER BY died_at")
    told = Counter(message.partition(".")[0] for (message,) in letters)
    assert told["Its headers name no jobs"] == 3
    assert told.total() == 10, "all but those whose jobs the ledger does not know"
