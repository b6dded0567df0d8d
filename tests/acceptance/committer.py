"""Commit, and have PostgreSQL die directly after COMMIT returned.  Started by test_commits_survive.

Each line of input names a way and a signal; each line of output names the jobs and marks that were committed.
"""

import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from uuid import UUID, uuid4

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import path  # noqa: E402

from apps.jobs import Context, enqueue  # noqa: E402
from apps.jobs.transitions import Claim  # noqa: E402
from tests.jobs.bodies import run_body  # noqa: E402

Use = Callable[[Context], object]


class Commit:
    """One commit after which PostgreSQL dies."""

    def __init__(self, postmaster: int, how: int) -> None:
        self.mark = str(uuid4())
        self.jobs: list[UUID] = []
        self.job: str | None = None  # of the body that committed; a request has none
        self._postmaster, self._how = postmaster, how

    def write(self) -> None:
        """Write a row and enqueue a job in the open transaction; kill the server once it has committed."""
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO committed (mark) VALUES (%s)", [self.mark])
        self.jobs.append(enqueue("kinds.add", a=1))
        transaction.on_commit(lambda: os.kill(self._postmaster, self._how))

    def ran(self, ended: tuple[str, Claim]) -> None:
        """Note the job that committed; its first outcome may be written and only the answer be lost."""
        word, claim = ended
        assert word in ("succeeded", "lease lost")
        self.job = str(claim.id)


def _artifact(ctx: Context) -> None:
    with ctx.artifact("a.txt") as file:
        file.write(b"1")


def _batch(ctx: Context) -> None:
    with ctx.batch("kinds.add", a=1):
        ctx.spawn("kinds.add", a=1)


USES: dict[str, Use] = {
    "nothing": lambda _: None,
    "progress": lambda ctx: ctx.progress(1, 2),
    "track": lambda ctx: list(ctx.track([1, 2])),
    "log": lambda ctx: ctx.log.info("a line"),
    "artifact": _artifact,
    "spawn": lambda ctx: ctx.spawn("kinds.add", a=1),
    "batch": _batch,
    "children": lambda ctx: ctx.children(),
    "checkpoint": lambda ctx: ctx.checkpoint({"row": 1}, done=1),
    "effect": lambda ctx: ctx.effect(str(ctx.job_id), lambda: 1),
}


def _inside(commit: Commit, use: Use) -> None:
    def body(ctx: Context) -> None:
        with transaction.atomic():
            commit.write()
            use(ctx)

    commit.ran(run_body(body, max_attempts=1))


def _outside(commit: Commit, use: Use) -> None:
    def body(ctx: Context) -> None:
        use(ctx)
        with transaction.atomic():
            commit.write()

    commit.ran(run_body(body, max_attempts=1))


def _atomic_job(commit: Commit, use: Use) -> None:
    def body(ctx: Context) -> None:
        commit.write()
        use(ctx)

    commit.ran(run_body(body, max_attempts=1, atomic=True))


_commit: Commit


def _page(_: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        _commit.write()
    return HttpResponse("ok")


urlpatterns = [path("", _page)]


def _request(commit: Commit, *, in_a_transaction: bool) -> None:
    global _commit  # noqa: PLW0603  # a view has no other way to be given it
    _commit = commit
    connection.settings_dict["ATOMIC_REQUESTS"] = in_a_transaction
    try:
        assert Client().get("/").content == b"ok"
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False


WAYS: dict[str, Callable[[Commit], None]] = {
    "request": lambda commit: _request(commit, in_a_transaction=False),
    "atomic request": lambda commit: _request(commit, in_a_transaction=True),
}
for _name, _use in USES.items():
    if _name != "effect":
        WAYS[f"{_name} inside"] = lambda commit, use=_use: _inside(commit, use)  # type: ignore[misc]
        WAYS[f"{_name} in an atomic job"] = lambda commit, use=_use: _atomic_job(commit, use)  # type: ignore[misc]
    if _name != "checkpoint":
        WAYS[f"{_name} outside"] = lambda commit, use=_use: _outside(commit, use)  # type: ignore[misc]


def _main() -> None:
    settings.ROOT_URLCONF, settings.MIDDLEWARE = __name__, []
    settings.BACKLINE_ARTIFACTS_DIR = tempfile.mkdtemp()
    for line in sys.stdin:
        way, how, postmaster = json.loads(line)
        commit = Commit(postmaster, signal.Signals(how))
        WAYS[way](commit)
        connection.close()
        print(json.dumps([commit.mark, [str(job) for job in commit.jobs], commit.job]), flush=True)


if __name__ == "__main__":
    _main()
