"""The Celery task behind a job type: code enqueues through it and workers run through it."""

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from celery import current_app
from celery.app.task import Context as Request
from celery.exceptions import Ignore
from django.db import connection

from apps.jobs import job, process, registry, transitions
from apps.jobs.models import Job, LogLine, Progress
from apps.jobs.running.run import run_message
from apps.jobs.states import State
from apps.lib.ids import new_id
from tests.jobs import steps
from tests.jobs.steps import row_of, state_of
from tests.kinds.add import add
from tests.kinds.walk import walk


def stored(**options: Any) -> dict[str, Any]:
    """Enqueue with Celery's options and return the row."""
    return row_of(UUID(add.apply_async((1,), **options).id))


@pytest.mark.django_db
class TestOptions:
    def test_delay_stores_the_arguments_by_name(self) -> None:
        row = row_of(UUID(add.delay(1, b=2).id))
        assert (row["kind"], row["args"], row["queue"]) == ("kinds.add", {"a": 1, "b": 2}, "default")

    def test_the_handle_names_the_job(self) -> None:
        handle = add.delay(1)
        assert Job.objects.get().id == UUID(handle.id)

    @pytest.mark.parametrize("countdown", [60, 60.0, "60"])
    def test_countdown(self, countdown: object) -> None:
        row = stored(countdown=countdown)
        assert row["run_after"] - row["enqueued_at"] == timedelta(seconds=60)

    @pytest.mark.parametrize("countdown", [0, -5])
    def test_a_countdown_that_is_over_waits_for_nothing(self, countdown: int) -> None:
        assert stored(countdown=countdown)["state"] == State.QUEUED

    def test_eta_in_any_time_zone(self) -> None:
        moment = datetime.now(timezone(timedelta(hours=9))) + timedelta(days=1)
        assert stored(eta=moment)["run_after"] == moment

    @pytest.mark.parametrize("eta", ["in a while", 5])
    def test_an_eta_that_names_no_moment_is_refused(self, eta: object) -> None:
        with pytest.raises((TypeError, ValueError), match=r"kinds\.add: eta .*ISO 8601"):
            stored(eta=eta)

    @pytest.mark.parametrize("expires", [90, 90.0, "90", timedelta(seconds=90)])
    def test_expires_counts_from_now(self, expires: object) -> None:
        row = stored(expires=expires, countdown=60)
        assert row["expires_at"] - row["enqueued_at"] == timedelta(seconds=90)

    def test_expires_at_a_moment_in_any_time_zone(self) -> None:
        moment = datetime.now(timezone(timedelta(hours=9))) + timedelta(days=1)
        assert stored(expires=moment)["expires_at"] == moment

    @pytest.mark.parametrize("expires", [[5], "soon", 1e12, float("nan")])
    def test_an_expiry_that_names_no_moment_is_refused(self, expires: object) -> None:
        with pytest.raises((TypeError, ValueError, OverflowError)):
            stored(expires=expires)
        assert not Job.objects.exists()

    def test_priority_and_queue(self) -> None:
        row = stored(priority=5, queue="imports")
        assert (row["priority"], row["queue"]) == (5, "imports")

    @pytest.mark.parametrize("priority", [32_768, -32_769, 10**30, 1.5, "high"])
    def test_a_priority_beyond_all_bounds_is_refused_before_the_database_is(self, priority: object) -> None:
        with pytest.raises(ValueError, match="priority must be"):
            stored(priority=priority)
        assert not Job.objects.exists()  # and the caller's transaction is whole

    @pytest.mark.parametrize("queue", ["nul \x00", "half \ud800", 7, "x" * 201])
    def test_a_queue_without_a_proper_name_is_refused_before_the_database_is(self, queue: object) -> None:
        with pytest.raises(ValueError, match="queue must be a name"):
            stored(queue=queue)
        assert not Job.objects.exists()

    @pytest.mark.parametrize(
        ("option", "instead"),
        [
            ("serializer", "JSON"),
            ("compression", "ids only"),
            ("exchange", "queue='imports'"),
            ("routing_key", "queue='imports'"),
            ("mandatory", "sent again"),
            ("expiry", "Leave it out"),
        ],
    )
    def test_an_option_that_cannot_be_kept_is_refused_by_name(self, option: str, instead: str) -> None:
        with pytest.raises(TypeError, match=rf"a stored job cannot keep {option}=5\. .*{instead}"):
            stored(**{option: 5})
        assert not Job.objects.exists()

    @pytest.mark.parametrize("option", ["link", "link_error", "chain", "chord"])
    @pytest.mark.parametrize("value", [5, ["add"], {"kind": "add"}], ids=repr)
    def test_what_should_follow_a_job_must_be_signatures(self, option: str, value: object) -> None:
        with pytest.raises(TypeError, match="must be signatures"):
            stored(**{option: value})
        assert not Job.objects.exists()

    @pytest.mark.parametrize("option", ["time_limit", "soft_time_limit"])
    @pytest.mark.parametrize("value", [0, -1, True, "5", 10**9], ids=repr)
    def test_a_limit_must_be_a_number_of_seconds(self, option: str, value: object) -> None:
        with pytest.raises(ValueError, match="seconds above zero"):
            stored(**{option: value})
        assert not Job.objects.exists()

    @pytest.mark.parametrize("option", ["expires", "link", "chain"])
    def test_an_option_that_is_empty_is_let_through(self, option: str) -> None:
        assert stored(**{option: None})

    def test_options_that_say_nothing_about_a_stored_job_are_let_through(self) -> None:
        assert stored(ignore_result=False, add_to_parent=True, retry=True, root_id="x", parent_id="y")

    def test_a_signature_enqueues_too(self) -> None:
        handle = add.s(1, b=2).apply_async(task_id=str(new_id()))
        assert row_of(UUID(handle.id))["args"] == {"a": 1, "b": 2}


@pytest.mark.django_db
class TestTaskId:
    @pytest.mark.parametrize(
        "form", [str, lambda made: made, lambda made: made.hex, lambda made: str(made).upper()]
    )
    def test_a_version_7_uuid_is_kept_however_it_is_written(self, form: Any) -> None:
        made = new_id()
        assert stored(task_id=form(made))["id"] == made

    @pytest.mark.parametrize(
        "task_id",
        ["7f0c3a52-7d0e-4b3a-9a55-0d7a3f1d6c11", "mine", "", 7, "'; DROP TABLE jobs_job", "nul \x00"],
        ids=ascii,
    )
    def test_anything_else_is_refused_with_the_way_out(self, task_id: object) -> None:
        with pytest.raises(
            ValueError, match=r"is not a version 7 UUID\. Leave it out, or make one with new_id"
        ):
            stored(task_id=task_id)
        assert not Job.objects.exists()

    def test_one_from_a_far_future_is_refused_before_the_database_is(self) -> None:
        far = UUID(int=new_id().int | (0xFFFF << 112))
        with pytest.raises(ValueError, match="task_id"):
            stored(task_id=far)


class TestCalledDirectly:
    def test_a_job_type_is_still_a_function(self) -> None:
        assert add(1, 2) == 3
        assert add(a=1) == 2

    def test_arguments_that_do_not_fit_are_a_type_error_as_for_any_function(self) -> None:
        with pytest.raises(TypeError):
            add(1, 2, 3)  # type: ignore[call-arg]


class TestRegistry:
    def test_every_job_type_is_known_by_its_kind(self) -> None:
        assert registry.get("kinds.add").name == "kinds.add"
        assert {"kinds.add", "kinds.fail", "kinds.walk"} <= set(registry.kinds())

    def test_tasks_of_others_are_no_job_types(self) -> None:
        assert "celery.chord" in current_app.tasks
        assert not [kind for kind in registry.kinds() if kind.startswith("celery.")]

    def test_the_docstring_is_shown_to_people(self) -> None:
        assert (registry.get("kinds.add").__doc__ or "").startswith("Add two numbers")

    def test_an_unknown_kind_is_told_with_the_known_ones(self) -> None:
        with pytest.raises(registry.UnknownKind, match=r"'kinds\.nothing'\. Known: .*kinds\.add"):
            registry.get("kinds.nothing")

    def test_what_a_job_type_declares_is_on_its_task(self) -> None:
        minutes = timedelta(minutes=3)

        @job("odd.declared", queue="imports", timeout=minutes, cron="0 4 * * *", timezone="Europe/Oslo")
        def declared(n: int) -> int:
            """Say it."""
            return n

        assert (declared.job_queue, declared.timeout) == ("imports", minutes)
        assert (declared.cron, declared.cron_timezone) == ("0 4 * * *", "Europe/Oslo")
        assert list(declared.parameters.parameters) == ["n"]


class TestMessage:
    @pytest.fixture(autouse=True)
    def a_worker_s_process(self, committed: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(process, "_worker_id", steps.a_worker())

    def test_a_worker_claims_and_runs_what_the_message_names(self) -> None:
        job_id = steps.enqueued(args={"a": 40, "b": 2})
        assert run_message(add, _request(job_id)).words == {"succeeded": 1}
        assert (row_of(job_id)["state"], row_of(job_id)["result"]) == (State.SUCCEEDED, 42)
        assert LogLine.objects.get(job_id=job_id).message == "adding 40 and 2"

    def test_celery_s_own_way_in_leads_there(self) -> None:
        job_id = steps.enqueued(args={"a": 1, "b": 1})
        add.push_request(**vars(_request(job_id)), called_directly=False, is_eager=False)
        try:
            assert repr(registry.get("kinds.add")()) == repr({"succeeded": 1})
        finally:
            add.pop_request()

    @pytest.mark.parametrize("state", sorted(set(State) - {State.READY, State.QUEUED}))
    def test_a_stale_message_is_forgotten(self, state: State) -> None:
        claim = steps.job_in(state)
        before = row_of(claim.id)
        with pytest.raises(Ignore):
            run_message(add, _request(claim.id))
        assert row_of(claim.id) == before

    def test_a_message_for_a_job_that_never_committed_is_forgotten(self) -> None:
        with pytest.raises(Ignore):
            run_message(add, _request(new_id()))

    def test_a_task_that_is_called_inside_a_body_is_a_plain_function(self) -> None:
        @job("odd.nested")
        def nested() -> int:
            return add(1, 1)

        job_id = steps.enqueued(kind="odd.nested", args={})
        assert run_message(nested, _request(job_id)).words == {"succeeded": 1}
        assert row_of(job_id)["result"] == 2
        assert Job.objects.count() == 1

    def test_a_job_that_a_body_enqueues_is_a_job_of_its_own(self) -> None:
        @job("odd.parent")
        def parent() -> str:
            return add.delay(1).id

        job_id = steps.enqueued(kind="odd.parent", args={})
        run_message(parent, _request(job_id))
        made = row_of(UUID(row_of(job_id)["result"]))
        assert (made["state"], made["parent_id"]) == (State.QUEUED, job_id)
        assert row_of(UUID(add.delay(1).id))["parent_id"] is None

    def test_a_claim_whose_answer_was_lost_is_handed_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The claim is committed, and the session dies before the worker reads what it got."""
        job_id = steps.enqueued(args={"a": 1})
        real_claim = transitions.claim

        def claim(*args: Any, **kwargs: Any) -> object:
            real_claim(*args, **kwargs)
            steps.end_session(steps.my_session())
            with connection.cursor() as cursor:
                return cursor.execute("SELECT 1")

        monkeypatch.setattr(transitions, "claim", claim)
        with pytest.raises(Ignore):
            run_message(add, _request(job_id))
        row = row_of(job_id)
        assert (row["state"], row["attempt"], row["deaths"]) == (State.READY, 1, 0)
        assert steps.stands_in_line(job_id)

    def test_outside_a_worker_nothing_is_claimed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(process, "_worker_id", None)
        job_id = steps.enqueued()
        with pytest.raises(process.NotAWorker, match="celery -A config worker"):
            run_message(add, _request(job_id))
        assert state_of(job_id) == State.QUEUED

    def test_a_job_with_a_context_goes_on_from_its_cursor(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE steps_walked (job_id uuid, step int)")
        job_id = steps.enqueued(kind="kinds.walk", args={"steps": 5})
        steps.claimed(job_id, process.worker_id())
        Progress.objects.create(
            job_id=job_id, attempt=1, done=3, cursor={"step": 3}, updated_at=datetime.now(UTC)
        )
        transitions.hand_back(process.worker_id())
        transitions.relay(steps.QUEUE, 1)
        run_message(walk, _request(job_id))
        assert row_of(job_id)["result"] == 2


def _request(job_id: UUID) -> Request:
    message = SimpleNamespace(bundle=str(steps.bundle_of(job_id)), jobs=[str(job_id)], id=str(job_id))
    return Request(vars(message))


def _nothing() -> None:
    pass
