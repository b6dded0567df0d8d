"""No call into the ledger changes a setting of its caller's transaction or session."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from psycopg import sql

from apps.jobs import Context, enqueue, enqueue_many, transitions
from apps.jobs.keeper import old_weeks
from apps.jobs.operating import replay_keys
from apps.jobs.running import pace
from apps.jobs.soon import run_soon
from apps.jobs.worker import workers
from apps.schedules import heartbeat
from tests.jobs import steps
from tests.jobs.bodies import run_body
from tests.jobs.marks import execute

Use = Callable[[Context], object]


def _track(ctx: Context) -> None:
    assert list(ctx.track([1, 2])) == [1, 2]


def _artifact(ctx: Context) -> None:
    with ctx.artifact("a.txt") as file:
        file.write(b"1")


def _batch(ctx: Context) -> None:
    with ctx.batch("kinds.add", a=1):
        ctx.spawn("kinds.add", a=1)


ANYWHERE: dict[str, Use] = {
    "progress": lambda ctx: ctx.progress(1, 2, "half"),
    "track": _track,
    "log": lambda ctx: ctx.log.info("a line"),
    "artifact": _artifact,
    "spawn": lambda ctx: ctx.spawn("kinds.add", a=1),
    "batch": _batch,
    "children": lambda ctx: ctx.children(),
    "cursor": lambda ctx: ctx.cursor,
    "enqueue": lambda _: enqueue("kinds.add", a=1),
    "enqueue many": lambda _: enqueue_many("kinds.add", [{"a": 1}, {"a": 2}]),
}
INSIDE: dict[str, Use] = ANYWHERE | {"checkpoint": lambda ctx: ctx.checkpoint({"row": 1}, done=1)}
OUTSIDE: dict[str, Use] = ANYWHERE | {"effect": lambda ctx: ctx.effect("key", lambda: 1)}


@pytest.fixture(autouse=True)
def _strict(committed: None, settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    """Have a session that waits for the disk, unlike the tests' server."""
    settings.BACKLINE_ARTIFACTS_DIR = tmp_path
    _be_strict()
    yield
    connection.close()


def _be_strict() -> None:
    execute("SET synchronous_commit = 'remote_apply'; SET lock_timeout = '7s'; SET enable_nestloop = on")


def _settings() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name NOT LIKE 'plpgsql.%'")
        return dict(cursor.fetchall())


def _unchanged_by(use: Callable[[], object]) -> None:
    before = _settings()
    use()
    assert _settings() == before


@pytest.mark.parametrize("use", INSIDE.values(), ids=INSIDE)
def test_no_method_changes_a_setting_of_the_body_s_transaction(use: Use) -> None:
    def body(ctx: Context) -> None:
        _be_strict()
        with transaction.atomic():
            _unchanged_by(lambda: use(ctx))
            with transaction.atomic():
                _unchanged_by(lambda: use(ctx))
            assert _settings()["synchronous_commit"] == "remote_apply"
        assert _settings()["synchronous_commit"] == "remote_apply"

    assert run_body(body)[0] == "succeeded"


@pytest.mark.parametrize("use", INSIDE.values(), ids=INSIDE)
def test_no_method_changes_a_setting_of_the_transaction_of_an_atomic_job(use: Use) -> None:
    def body(ctx: Context) -> None:
        _unchanged_by(lambda: use(ctx))

    assert run_body(body, atomic=True)[0] == "succeeded"


@pytest.mark.parametrize("use", OUTSIDE.values(), ids=OUTSIDE)
def test_no_method_leaves_a_setting_behind_in_the_session(use: Use) -> None:
    def body(ctx: Context) -> None:
        _be_strict()
        _unchanged_by(lambda: use(ctx))

    assert run_body(body)[0] == "succeeded"


@pytest.mark.parametrize("name", [name for name in ANYWHERE if name not in ("batch", "enqueue many")])
def test_a_transaction_that_django_did_not_open_is_left_alone_too(name: str) -> None:
    def body(ctx: Context) -> None:
        execute("BEGIN")
        _unchanged_by(lambda: ANYWHERE[name](ctx))
        execute("COMMIT")

    assert run_body(body)[0] == "succeeded"


def _bookkeeping() -> None:
    claim = steps.running()
    transitions.close(claim.bundle)
    pace._written_at = 0.0
    pace.remember("kinds.add", seconds=1.0, jobs=1)
    workers.beat(steps.a_worker())
    heartbeat.say(heartbeat.sign_on())


def test_claims_heartbeats_and_averages_weaken_no_transaction_that_they_join() -> None:
    _unchanged_by(_bookkeeping)
    with transaction.atomic():
        _unchanged_by(_bookkeeping)


def test_a_replay_s_patience_ends_before_its_caller_goes_on() -> None:
    def wait_briefly(*, fails: bool) -> None:
        with suppress(ZeroDivisionError), replay_keys._no_long_wait():
            assert _settings()["lock_timeout"] == "100"
            if fails:
                raise ZeroDivisionError

    with transaction.atomic():
        _unchanged_by(lambda: wait_briefly(fails=False))
        _unchanged_by(lambda: wait_briefly(fails=True))


def test_the_patience_with_old_weeks_and_of_migrations_leaves_the_session_as_it_was() -> None:
    def wait_briefly() -> None:
        assert old_weeks._did(old_weeks._BRIEFLY + sql.SQL("COMMENT ON TABLE jobs_duty IS NULL"))
        with connection.schema_editor(atomic=False) as editor:
            run_soon(editor, "COMMENT ON TABLE jobs_duty IS NULL")

    _unchanged_by(wait_briefly)


def test_a_statement_that_may_commit_asynchronously_does_so_alone() -> None:
    """The control: without it, nothing above could fail."""
    execute("CREATE TABLE seen_commit (setting text)")
    execute(
        "CREATE FUNCTION note_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO seen_commit SELECT current_setting('synchronous_commit'); RETURN NULL; END $$"
    )
    execute("CREATE TRIGGER note_commit AFTER UPDATE ON jobs_worker EXECUTE FUNCTION note_commit()")
    try:
        worker = steps.a_worker()
        execute("TRUNCATE seen_commit")  # what the registration wrote
        workers.beat(worker)
        with transaction.atomic():
            workers.beat(worker)
        with connection.cursor() as cursor:
            cursor.execute("SELECT setting FROM seen_commit")
            assert cursor.fetchall() == [("off",), ("remote_apply",)]
    finally:
        execute("DROP TRIGGER note_commit ON jobs_worker; DROP FUNCTION note_commit; DROP TABLE seen_commit")


def _enqueueing_page(_: HttpRequest) -> HttpResponse:
    _unchanged_by(lambda: enqueue("kinds.add", a=1))
    with transaction.atomic():
        _unchanged_by(lambda: enqueue("kinds.add", a=1))
    return HttpResponse("ok")


urlpatterns = [path("", _enqueueing_page)]


@pytest.mark.parametrize("in_a_transaction", [False, True])
def test_an_enqueue_of_a_web_request_changes_no_setting(
    in_a_transaction: bool, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ROOT_URLCONF, settings.MIDDLEWARE = __name__, []
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", in_a_transaction)
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", None)
    assert Client().get("/").content == b"ok"
