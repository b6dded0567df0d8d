"""Whatever a body does to its database session: its job ends, and the next job gets a session as new."""

from collections.abc import Callable

import psycopg
import pytest
from django.db import connection, transaction
from psycopg import sql

from apps.jobs import Context, enqueue_many, transitions
from apps.jobs.models import Job
from apps.jobs.models.progress import Progress
from apps.jobs.states import State
from tests.jobs import steps
from tests.jobs.bodies import run_body
from tests.jobs.marks import execute, write_a_mark
from tests.jobs.running.sessions import as_new, connected, state_of_session
from tests.jobs.steps import row_of, state_of

pytestmark = pytest.mark.usefixtures("watched")

CHANGES = [
    "SET search_path TO pg_catalog",
    "SET ROLE odd_body",
    "SET SESSION AUTHORIZATION odd_body",
    "CREATE TEMP TABLE jobs_job (id int)",
    "CREATE TEMPORARY TABLE jobs_progress (LIKE jobs_progress)",
    "SELECT 1 AS id INTO TEMP jobs_ready",
    "CREATE OR REPLACE TEMPORARY VIEW jobs_bundle AS SELECT 1 AS id",
    "CREATE TABLE pg_temp.jobs_slot (job_id int)",
    "SET statement_timeout = 1",
    "SET lock_timeout = 1",
    "SET TIME ZONE 'Asia/Tokyo'",
    "SET default_transaction_read_only = on",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "SET row_security = off",
    "SET synchronous_commit = local",
    "SET client_encoding = 'LATIN1'",
    "SET DateStyle = 'German'",
    "SELECT set_config('search_path', 'pg_catalog', false)",
    "WITH x AS (SELECT set_config('work_mem', '64kB', false)) SELECT * FROM x",
    "SELECT set_config('app.user', '7', false)",
    "PREPARE odd AS SELECT 1",
    "LISTEN odd",
    "SELECT pg_advisory_lock(11)",
    "SELECT pg_try_advisory_lock_shared(11)",
    "DISCARD ALL",
    "DO $$ BEGIN SET enable_seqscan = off; END $$",
    "/* tagged */ -- twice\n set work_mem = '64kB'",
    "SELECT 1; SET enable_hashjoin = off",
    "DECLARE odd CURSOR WITH HOLD FOR SELECT 1",
    "SELECT odd_search_path()",
]
HARMLESS = [
    "SELECT 1",
    "UPDATE jobs_duty SET keeper = 'a; rest b'; -- set it",
    "SET LOCAL work_mem = '64kB'",
    "SELECT set_config('app.user', '7', true)",
    "SELECT pg_advisory_xact_lock(11)",
    "CREATE TEMP TABLE staged (id int) ON COMMIT DROP",
    "SET CONSTRAINTS ALL IMMEDIATE",
]
Execute = Callable[[str], object]
EXECUTE: dict[str, Execute] = {
    "django": execute,
    "psycopg": lambda text: connected().execute(text.encode()),
    "psycopg's cursor": lambda text: connected().cursor().execute(sql.SQL(text)),
}


def _session() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_catalog.pg_backend_pid()")
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize("change", CHANGES)
def test_the_job_ends_and_the_next_gets_a_session_as_new(change: str) -> None:
    word, claim = run_body(lambda: execute(change))
    assert (word, state_of(claim.id)) == ("succeeded", State.SUCCEEDED)
    as_new()


@pytest.mark.parametrize("way", EXECUTE)
def test_however_the_body_executes_it(way: str) -> None:
    for change in ("SET ROLE odd_body", "SET statement_timeout = 1", "CREATE TEMP TABLE jobs_job (id int)"):
        word, claim = run_body(lambda change=change: EXECUTE[way](change) and None)
        assert (word, state_of(claim.id)) == ("succeeded", State.SUCCEEDED)
        as_new()


@pytest.mark.parametrize("statement", HARMLESS)
def test_what_leaves_nothing_behind_costs_no_new_session(statement: str) -> None:
    before = _session()

    def body() -> None:
        with transaction.atomic():
            execute(statement)

    assert run_body(body)[0] == "succeeded"
    assert _session() == before
    as_new()


@pytest.mark.parametrize("change", [change for change in CHANGES if change != "DISCARD ALL"])
def test_the_context_works_after_the_body_changed_its_session(change: str) -> None:
    def body(ctx: Context) -> None:
        execute(change)
        ctx.progress(1, 2, "half")
        assert ctx.effect(str(ctx.job_id), lambda: 7) == 7
        with ctx.artifact("a.txt") as file:
            file.write(b"1")
        ctx.log.info("a line")
        assert ctx.children() == {}

    word, claim = run_body(body)
    assert (word, state_of(claim.id)) == ("succeeded", State.SUCCEEDED)
    assert Progress.objects.get(job_id=claim.id).done == 1
    as_new()


IN_A_TRANSACTION = [
    "SET search_path TO pg_catalog",
    "SET LOCAL search_path TO pg_catalog",
    "SET ROLE odd_body",
    "SET LOCAL ROLE odd_body",
    "SET SESSION AUTHORIZATION odd_body",
    "CREATE TEMP TABLE jobs_job (id int)",
    "CREATE TEMP TABLE jobs_job (LIKE jobs_job) ON COMMIT DROP",
    "SELECT set_config('search_path', 'pg_catalog', true)",
    "SET LOCAL statement_timeout = '20s'",
]


@pytest.mark.parametrize("atomic", [False, True])
@pytest.mark.parametrize("change", IN_A_TRANSACTION)
def test_the_context_works_inside_a_transaction_too_and_leaves_the_body_its_settings(
    change: str, atomic: bool
) -> None:
    def inside(ctx: Context) -> None:
        write_a_mark()
        execute(change)
        before = state_of_session()
        ctx.progress(1, 2)
        ctx.checkpoint({"row": 1}, done=1)
        ctx.spawn("kinds.add", a=1)
        assert enqueue_many("kinds.add", [{"a": 1}, {"a": 2}]) == 2
        assert state_of_session() == before

    def body(ctx: Context) -> None:
        with transaction.atomic():
            inside(ctx)

    word, claim = run_body(inside if atomic else body, atomic=atomic)
    assert (word, state_of(claim.id)) == ("succeeded", State.SUCCEEDED)
    assert Progress.objects.get(job_id=claim.id).cursor == {"row": 1}
    assert Job.objects.filter(parent_id=claim.id).count() == 3
    as_new()


UNSEEN = ["SET search_path TO pg_catalog", "SET ROLE odd_body", "CREATE TEMP TABLE jobs_job (id int)"]


@pytest.mark.parametrize("change", UNSEEN)
def test_a_change_that_was_not_seen_costs_one_more_try(change: str) -> None:
    def body(ctx: Context) -> None:
        psycopg.Cursor(connection.connection).execute(change)
        ctx.progress(1, 2)

    word, claim = run_body(body)
    assert (word, state_of(claim.id)) == ("succeeded", State.SUCCEEDED)
    as_new()


@pytest.mark.parametrize("change", UNSEEN)
def test_nor_does_a_claim_or_an_outcome_fail_for_it(change: str) -> None:
    psycopg.Cursor(connection.connection or connected()).execute(change)
    claim = _claimed_over_this_session()
    assert state_of(claim.id) is State.RUNNING
    psycopg.Cursor(connection.connection).execute(change)
    transitions.retry(claim, steps.TROUBLE, steps.HOUR)
    assert row_of(claim.id)["state"] == State.RETRYING
    as_new()


def _claimed_over_this_session() -> transitions.Claim:
    with steps.another_session() as other:
        worker = other.do(steps.a_worker)
        job_id = other.do(steps.enqueued)
        bundle = other.do(lambda: steps.bundle_of(job_id))
    [claim] = transitions.claim([job_id], bundle=bundle, worker_id=worker)
    return claim
