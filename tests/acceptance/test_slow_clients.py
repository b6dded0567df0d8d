"""Slow and greedy clients of the web process hold no database session, no disk and no place of others."""

import http.client
import json
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from apps.local.servers.postgres import PostgresServer
from tests.acceptance.machine import Machine

READERS = 60
SESSIONS = 5
SEED = """
import json
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.conf import settings
from apps.accounts.models import User
from apps.transfers.models import Import, RejectedRow, Upload
from apps.jobs.models import Job
from apps.jobs import enqueue
from django.utils import timezone
from datetime import timedelta
user = User.objects.create_user("tom@aldervale.example", "correct horse battery")
session = SessionStore()
session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), settings.AUTHENTICATION_BACKENDS[0]
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.save()
upload = Upload.objects.create(owner=user, name="a.csv", size=1, sha256="0" * 64,
    expires_at=timezone.now() + timedelta(days=1))
run = Import.objects.create(upload=upload, kind="imports.order_lines", columns=["A"],
    rows_read=9000, rejected=9000)
job = enqueue("imports.order_lines", import_id=run.pk)
Job.objects.filter(pk=job).update(owner=user)
Import.objects.filter(pk=run.pk).update(job_id=job)
RejectedRow.objects.bulk_create([RejectedRow(import_run=run, row=n, column="A", cause="c", reason="r" * 900,
    fields=["x" * 900]) for n in range(2, 9002)], batch_size=1000)
print(json.dumps({"cookie": session.session_key, "job": str(job), "name": settings.SESSION_COOKIE_NAME}))
"""


class Web(Machine):
    """A machine with nothing but a web process that may hold few sessions."""

    def start(self) -> None:
        """Bring it up with a user, and an import of many rejected rows."""
        super().start()
        self.more_environment = {
            "BACKLINE_WEB_SESSIONS": str(SESSIONS),
            "BACKLINE_DOWNLOADS_AT_ONCE": str(READERS + 1),
            "BACKLINE_STREAMS_AT_ONCE": "2",
        }
        seeded = json.loads(self.program(SEED))
        self.job, self.cookie = seeded["job"], f"{seeded['name']}={seeded['cookie']}"
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.spawn(
            "web", ["-m", "apps.web.timed_uvicorn", "config.asgi:application", "--port", str(self.port)]
        )
        self.until(self._answers, "the web process answers")

    def sessions(self) -> int:
        """Count the database sessions but this one."""
        others = "datname = 'backline' AND pid <> pg_backend_pid()"
        return int(self.value(f"SELECT count(*) FROM pg_stat_activity WHERE {others}"))

    def send(self, request: str, *, receive_buffer: int = 0) -> socket.socket:
        """Send the beginning of a request, or all of it; the caller reads as slowly as it likes."""
        connection = socket.socket()
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(60)
        connection.connect(("127.0.0.1", self.port))
        connection.sendall(request.replace("\n", "\r\n").encode())
        return connection

    def get(self, path: str) -> str:
        """Return the text of a request for a page."""
        return f"GET {path} HTTP/1.1\nHost: localhost\nCookie: {self.cookie}\n\n"

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/login/", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """Return a running web process."""
    directory = tmp_path_factory.mktemp("web")
    postgres = PostgresServer(Path(directory) / "pg")
    web = Web(directory, postgres)
    try:
        web.start()
        yield web
    finally:
        web.stop()
        postgres.remove()


def status_of(connection: socket.socket) -> int:
    """Read the status of an answer."""
    head = b""
    while b"\r\n" not in head:
        part = connection.recv(1)
        assert part, "the connection was closed"
        head += part
    return int(head.split()[1])


def test_slow_readers_hold_no_sessions_and_others_are_served(web: Web) -> None:
    with ExitStack() as stack:
        readers = [
            stack.enter_context(web.send(web.get(f"/jobs/{web.job}/rejected.csv"), receive_buffer=4096))
            for _ in range(READERS)
        ]
        assert [status_of(reader) for reader in readers] == [200] * READERS
        assert web.sessions() <= SESSIONS + 2  # one for live pages, one for the login that a large body needs
        web.until(lambda: web.sessions() <= 1, "the sessions are returned while nobody reads")
        assert status_of(stack.enter_context(web.send(web.get("/imports/")))) == 200
        path = f"/jobs/{web.job}/rejected.csv"
        answer = http.client.HTTPResponse(stack.enter_context(web.send(web.get(path))))
        answer.begin()
        assert status_of(stack.enter_context(web.send(web.get(path)))) == 429
        assert answer.read().count(b"\n") == 9_001


def test_one_person_has_a_few_live_pages_and_the_next_is_answered_429(web: Web) -> None:
    with ExitStack() as stack:
        streams = [stack.enter_context(web.send(web.get("/live/"))) for _ in range(5)]
        assert sorted(status_of(stream) for stream in streams) == [200, 200, 429, 429, 429]
    web.until(lambda: _status(web, "/live/") == 200, "a closed stream leaves its place to another")


def test_a_large_body_without_a_session_is_refused_before_it_comes(web: Web) -> None:
    head = "POST /imports/ HTTP/1.1\nHost: localhost\nContent-Length: 300000000\n{}\n"
    with web.send(head.format("")) as anonymous:
        assert status_of(anonymous) == 403
    with web.send(head.format(f"Cookie: {web.cookie[:-4]}wxyz\n")) as forged:
        assert status_of(forged) == 403
    chunked = "POST /imports/ HTTP/1.1\nHost: localhost\nTransfer-Encoding: chunked\n\n"
    block = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with web.send(chunked) as endless, pytest.raises(OSError):  # noqa: PT011  # a broken pipe or a reset
        endless.sendall(block * 2_000)


def test_half_a_header_is_not_waited_for(web: Web) -> None:
    with web.send("GET / HTTP/1.1\nHost: loc") as half:
        half.settimeout(60)
        assert half.recv(1) == b""
    with web.send("") as silent:
        silent.settimeout(60)
        assert silent.recv(1) == b""


def test_live_pages_and_files_that_are_gone_take_no_place(web: Web) -> None:
    gone = "/jobs/019abcde-0000-7000-8000-000000000000"
    for path in (f"{gone}/live/", f"{gone}/upload/", f"{gone}/file/"):
        assert [_status(web, path) for _ in range(10)] == [404] * 10
    for _ in range(20):
        web.send(web.get("/live/")).close()
    web.until(lambda: _status(web, "/live/") == 200, "a client that left early has left its place")


def test_the_access_log_has_a_line_for_each_request(web: Web) -> None:
    hostile = "/%0a%1b[31m?q=%0aFORGED&password=hunter2"
    assert _status(web, hostile) == 404
    with web.send("GET /raw\x1b[31m HTTP/1.1\nHost: localhost\n\n") as raw:
        status_of(raw)
    wanted = '"GET /%0A%1B%5B31m?q=%0aFORGED&password=*** HTTP/1.1" 404 Not Found'
    web.until(lambda: wanted in web.words_of("web"), "the line is written")
    assert "Logging error" not in web.words_of("web")
    assert "\x1b" not in web.words_of("web")


def _status(web: Web, path: str) -> int:
    with web.send(web.get(path)) as connection:
        return status_of(connection)
