"""A deploy may rename a kind and change its arguments while jobs wait: they run, or say why they cannot."""

from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import pytest
from celery import current_app
from celery.app.task import Context as Request

from apps.jobs import enqueue, job, process, registry
from apps.jobs.models import DeadLetter, Job
from apps.jobs.running.run import run, run_message
from apps.jobs.states import State
from tests.jobs import steps
from tests.jobs.steps import row_of

if TYPE_CHECKING:
    from apps.jobs.task import JobTask

pytestmark = pytest.mark.usefixtures("committed")

Upcaster = Callable[[dict[str, object]], dict[str, object]]


def to_cents(args: dict[str, object]) -> dict[str, object]:
    """Bring version 1 to 2: euros became cents."""
    return {"cents": int(args["euros"]) * 100}  # type: ignore[call-overload]


def with_day(args: dict[str, object]) -> dict[str, object]:
    """Bring version 2 to 3: a day was added."""
    return args | {"day": "2026-01-31"}


def _pay(cents: int, day: date) -> str:
    return f"{cents} on {day:%d.%m.}"


def _same(cents: int) -> int:
    return cents


def upcast_by(kind: str, upcaster: Upcaster) -> Any:
    """Declare a kind of version 2 with this upcaster from 1."""
    return job(kind, version=2, upcast={1: upcaster})(_same)


class TestUpcasting:
    pay = job("odd.pay", version=3, upcast={1: to_cents, 2: with_day})(_pay)

    @pytest.mark.parametrize(
        ("version", "args"),
        [(1, {"euros": 5}), (2, {"cents": 500}), (3, {"cents": 500, "day": "2026-01-31"})],
    )
    def test_older_arguments_are_brought_up_step_by_step(self, version: int, args: dict[str, object]) -> None:
        claim = steps.running(kind="odd.pay", args=args, schema_version=version)
        assert run(self.pay, claim) == "succeeded"
        row = row_of(claim.id)
        assert row["result"] == "500 on 31.01."
        assert (row["args"], row["schema_version"]) == (args, version)  # what was asked for stays as it was

    def test_a_new_job_has_the_newest_version(self) -> None:
        job_id = UUID(self.pay.delay(500, date(2026, 1, 31)).id)
        assert row_of(job_id)["schema_version"] == 3
        self.pay.enqueue_many([(500, "2026-01-31")])
        assert set(Job.objects.values_list("schema_version", flat=True)) == {3}

    def test_a_missing_upcaster_is_a_dead_letter_that_says_so(self) -> None:
        task = job("odd.gap", version=2)(_same)
        claim = steps.running(kind="odd.gap", args={"euros": 5})
        assert run(task, claim) == "dead"
        letter = DeadLetter.objects.get(job_id=claim.id)
        assert letter.message == (
            "This release cannot read arguments of odd.gap version 1: it has no upcaster from there."
        )
        assert letter.evidence["args"] == {"euros": 5}

    @pytest.mark.parametrize(
        ("upcaster", "why"),
        [
            (lambda args: {"cents": args["gone"]}, "KeyError: 'gone'"),
            (lambda args: {"cents": int("x")}, "ValueError: invalid literal"),
            (lambda args: {"cents": {1}}, "TypeError: must be JSON"),
            (lambda args: {"cents": args.gone}, "AttributeError"),
        ],
    )
    def test_an_upcaster_that_fails_is_a_dead_letter_that_says_so(self, upcaster: Upcaster, why: str) -> None:
        kind = f"odd.upcast_{why[:10]}"
        claim = steps.running(kind=kind, args={"euros": 5})
        assert run(upcast_by(kind, upcaster), claim) == "dead"
        message = DeadLetter.objects.get().message
        assert message.startswith(f"The upcaster of {kind} from version 1 failed: {why}")

    @pytest.mark.parametrize("args", [{"cents": "many"}, {"cents": None}, {}, {"cents": 1, "more": 2}])
    def test_arguments_that_no_longer_fit_are_a_dead_letter_with_evidence(
        self, args: dict[str, object]
    ) -> None:
        task = job("odd.changed")(_same)
        claim = steps.running(kind="odd.changed", args=args)
        assert run(task, claim) == "dead"
        letter = DeadLetter.objects.get()
        assert letter.message.startswith("This release cannot read its arguments. odd.changed: ")
        assert letter.evidence["args"] == args

    def test_arguments_of_a_newer_release_wait_for_its_workers(self) -> None:
        task = job("odd.older_release")(_same)
        claim = steps.running(kind="odd.older_release", args={"cents": 1}, schema_version=2, max_attempts=1)
        assert run(task, claim) == "snoozed"
        assert (row_of(claim.id)["state"], row_of(claim.id)["failures"]) == (State.SCHEDULED, 0)


class TestAliases:
    renamed = job("odd.new_name", aliases=("odd.old_name", "odd.oldest_name"))(_same)

    def test_a_former_name_leads_to_the_job_type(self) -> None:
        assert registry.get("odd.old_name").name == "odd.new_name"
        assert {"odd.old_name", "odd.oldest_name"} <= set(current_app.tasks)

    def test_it_is_listed_once_under_its_own_name(self) -> None:
        assert "odd.new_name" in registry.kinds()
        assert not {"odd.old_name", "odd.oldest_name"} & set(registry.kinds())

    def test_a_job_that_waits_under_a_former_name_runs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(process, "_worker_id", steps.a_worker())
        job_id = steps.enqueued(kind="odd.old_name", args={"cents": 7})
        message = SimpleNamespace(bundle=str(steps.bundle_of(job_id)), jobs=[str(job_id)], id=str(job_id))
        by_message = cast("JobTask[..., object]", current_app.tasks["odd.old_name"])
        assert run_message(by_message, Request(vars(message))).words == {"succeeded": 1}
        assert row_of(job_id)["result"] == 7

    def test_a_new_job_by_a_former_name_has_the_new_one(self) -> None:
        assert row_of(enqueue("odd.old_name", cents=1))["kind"] == "odd.new_name"


class TestDeclaration:
    @pytest.mark.parametrize(
        ("declared", "why"),
        [
            ({"version": 0}, "version must be a whole number"),
            ({"version": 40_000}, "version must be a whole number"),
            ({"version": 2, "upcast": {2: with_day}}, "upcast from version 2 leads nowhere"),
            ({"upcast": {0: with_day}}, "upcast from version 0 leads nowhere"),
            ({"aliases": ("odd.bad",)}, "aliases must be a tuple of former names"),
            ({"aliases": "odd.worse"}, "aliases must be a tuple of former names"),
            ({"bundle": 0}, "bundle must be from 1 to 500"),
            ({"bundle": 501}, "bundle must be from 1 to 500"),
            ({"limit": "often"}, "limit 'often' is no rate"),
            ({"concurrency": 0}, "concurrency must be at least 1"),
            ({"limit_by": "cents"}, "limit_by='cents' limits nothing"),
            ({"limit": "1/s", "limit_by": "euros"}, "limit_by names 'euros', which is none of its arguments"),
            ({"expires": 0}, "expires must be longer than nothing"),
        ],
    )
    def test_what_cannot_be_kept_is_refused_at_import(self, declared: dict[str, Any], why: str) -> None:
        with pytest.raises(ValueError, match=rf"^Job type odd\.bad: {why}"):
            job("odd.bad", **declared)(_same)

    def test_a_kind_may_expire_and_a_call_knows_better(self) -> None:
        brief = job("odd.brief", expires=60)(_same)
        row = row_of(UUID(brief.delay(1).id))
        assert (row["expires_at"] - row["enqueued_at"]).total_seconds() == 60
        row = row_of(UUID(brief.apply_async((1,), expires=5).id))
        assert (row["expires_at"] - row["enqueued_at"]).total_seconds() == 5
        row = row_of(UUID(brief.apply_async((1,), expires=row["enqueued_at"]).id))
        assert row["expires_at"] < row["enqueued_at"]

    def test_a_limited_kind_stores_its_key(self) -> None:
        limited = job("odd.limited", limit="10/min", concurrency=2, limit_by="cents", bundle=1)(_same)
        row = row_of(UUID(limited.delay(7).id))
        assert (row["limit_key"], row["lane"], row["state"]) == (
            "odd.limited:7",
            "/odd.limited:7",
            State.READY,
        )
