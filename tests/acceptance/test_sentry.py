"""An error in the body of a job reaches Sentry by its ordinary client, and only when the job is dead."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.acceptance.machine import Machine

DEAD = 7


@contextmanager
def sink() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Serve as Sentry on a free port; yield the address for clients, and the events that come."""
    events: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            events.extend(read(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://public@127.0.0.1:{server.server_port}/7", events
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def read(envelope: bytes) -> Iterator[dict[str, Any]]:
    """Return the errors of an envelope, whose items are a header and a payload, each on its own line."""
    lines = envelope.splitlines()[1:]
    for header, payload in zip(lines[::2], lines[1::2], strict=False):
        if json.loads(header).get("type") == "event":
            yield json.loads(payload)


def test_the_error_of_a_dead_job_reaches_sentry_once(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sink() as (address, events):
        plain = machine.environment
        with_sentry = {"SENTRY_DSN": address, "BACKLINE_JOB_MODULES": "tasks,tests.kinds,tests.trackers"}
        monkeypatch.setattr(Machine, "environment", property(lambda _self: plain | with_sentry))
        machine.keeper()
        machine.worker("w", 1)
        jobs = machine.enqueue("kinds.fail", 2, how="value error")
        machine.until_ended(jobs, DEAD)
        machine.until(lambda: len(events) >= 2, "both errors arrive")
        machine.until_ended(machine.enqueue("kinds.add", a=1))
    errors = [event["exception"]["values"][-1] for event in events]
    assert [(error["type"], error["value"]) for error in errors] == [("ValueError", "value error")] * 2
    assert {event["extra"]["job_id"] for event in events} == set(jobs)
    assert {event["extra"]["kind"] for event in events} == {"kinds.fail"}
    frames = [frame["function"] for frame in errors[0]["stacktrace"]["frames"]]
    assert frames[-1] == "fail"
