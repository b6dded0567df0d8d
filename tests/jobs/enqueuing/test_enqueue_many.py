"""Many jobs are one COPY in the caller's transaction: all or none, block by block, the first sent at once."""

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models import Count

from apps.jobs import enqueue_many, job, origin, transitions
from apps.jobs.models import Bundle, Job, Pace, Pause, Ready
from apps.jobs.registry import UnknownKind
from apps.jobs.states import State
from apps.jobs.transitions.many_jobs import ManyJobs
from tests.jobs import steps
from tests.jobs.conftest import Inbox
from tests.jobs.steps import HOUR, another_session, new_job, row_of
from tests.kinds.add import add
from tests.local.waiting import wait_until


def numbers(count: int) -> Iterator[dict[str, object]]:
    """Make named arguments, one after the other."""
    return ({"a": number} for number in range(count))


def measured(mean_s: float, kind: str = "kinds.add") -> None:
    """Let a kind be known to take so long."""
    Pace.objects.create(kind=kind, mean_s=mean_s, jobs=100, updated_at=datetime.now(UTC))


def enqueue_and_think_again() -> None:
    """Enqueue jobs in a transaction, and roll it back."""
    with transaction.atomic():
        add.enqueue_many(numbers(5))
        raise LookupError("on second thought")


def states() -> dict[State, int]:
    """Count the jobs by where they stand."""
    counted = Job.objects.order_by().values_list("state").annotate(count=Count("id"))
    return {State(state): count for state, count in counted}


@pytest.mark.django_db
class TestWhatIsWritten:
    def test_named_and_positional_arguments_are_stored_alike(self) -> None:
        assert add.enqueue_many([{"a": 1, "b": 2}, (1, 2), [1, 2], {"a": 1}]) == 4
        stored = list(Job.objects.order_by("id").values_list("args", flat=True))
        assert stored == [{"a": 1, "b": 2}, {"a": 1, "b": 2}, {"a": 1, "b": 2}, {"a": 1}]

    def test_a_job_of_many_is_written_like_a_single_one(self) -> None:
        options: dict[str, Any] = {"priority": 3, "queue": "imports", "countdown": 60, "expires": 120}
        with origin(
            owner_id=7, trigger="web", subject="a\tb\\c\nd", tenant="acme", tags=["x y", 'q"'], request_id="r"
        ):
            single = row_of(UUID(add.apply_async((1,), **options).id))
            Job.objects.filter(id=single["id"]).delete()
            add.enqueue_many([(1,)], **options)
        many = row_of(Job.objects.get().id)
        times = ("enqueued_at", "rank", "run_after", "expires_at")
        for row in (single, many):
            after = {name: row[name] - row["enqueued_at"] for name in times}
            row |= {"id": None, **after}
        assert many == single

    @pytest.mark.parametrize(
        "text", ["tab\t", "new\nline", "back\\slash", "\\N", "\\.", '"quoted"', "Ünïcødé 🎁", ""]
    )
    def test_any_text_survives_the_copy(self, text: str) -> None:
        echo = job("odd.echo_many")(_echo)
        echo.enqueue_many([(text,)])
        assert Job.objects.get().args == {"text": text}

    def test_they_stand_in_line_in_the_order_in_which_they_were_given(self) -> None:
        steps.in_line()
        add.enqueue_many(numbers(3000))
        args = dict(Job.objects.values_list("id", "args"))
        in_line = Ready.objects.order_by("queue", "lane", "rank", "id").values_list("id", flat=True)[1:]
        assert [args[job_id]["a"] for job_id in in_line] == list(range(3000))

    def test_nothing_to_do_is_nothing_done(self) -> None:
        assert add.enqueue_many([]) == 0
        assert not Job.objects.exists()

    def test_by_kind_for_code_below_the_job_types(self) -> None:
        assert enqueue_many("kinds.add", [(1,), (2,)], queue="imports") == 2
        assert set(Job.objects.values_list("kind", "queue")) == {("kinds.add", "imports")}
        with pytest.raises(UnknownKind):
            enqueue_many("kinds.ad", [(1,)])


@pytest.mark.django_db
class TestWhereTheyWait:
    def test_the_first_fill_the_window_and_the_rest_stands_in_line(self) -> None:
        measured(0.01)  # 25 in a message
        many = ManyJobs(new_job(), window=2, most=500)
        ids = [f"{number:032x}" for number in _ids(60)]
        many.write(((job_id, "{}", "") for job_id in ids), count=60)
        messages = [message for message, _ in many.send()]
        assert [[job_id.hex for job_id in message.ids] for message in messages] == [ids[:25], ids[25:50]]
        assert states() == {State.QUEUED: 50, State.READY: 10}
        assert {str(row.id): row.ids for row in Bundle.objects.all()} == {str(m.id): m.ids for m in messages}
        steps.assert_nothing_is_lost()

    def test_few_slow_ones_are_spread_over_the_window(self, settings: Any) -> None:
        measured(0.1)
        settings.BACKLINE_WINDOW = 8
        add.enqueue_many(numbers(20))
        assert sorted(len(bundle.ids) for bundle in Bundle.objects.all()) == [2] * 8
        assert states() == {State.QUEUED: 16, State.READY: 4}

    def test_of_a_kind_that_nobody_measured_each_has_its_own_message(self, settings: Any) -> None:
        settings.BACKLINE_WINDOW = 3
        add.enqueue_many(numbers(5))
        assert [len(bundle.ids) for bundle in Bundle.objects.all()] == [1, 1, 1]

    def test_a_kind_may_refuse_to_be_bundled(self) -> None:
        measured(0.0001, "odd.alone")
        job("odd.alone", bundle=1)(_echo).enqueue_many([("x",)] * 5)
        assert [len(bundle.ids) for bundle in Bundle.objects.all()] == [1] * 5

    def test_behind_somebody_in_line_all_stand_in_line(self) -> None:
        steps.in_line()
        add.enqueue_many(numbers(5))
        assert states() == {State.READY: 6}
        assert Ready.objects.count() == 6

    def test_behind_a_full_window_all_stand_in_line(self, settings: Any) -> None:
        settings.BACKLINE_WINDOW = 1
        steps.enqueued()
        add.enqueue_many(numbers(5))
        assert states() == {State.QUEUED: 1, State.READY: 5}

    @pytest.mark.parametrize(("scope", "name"), [("queue", "default"), ("kind", "kinds.add")])
    def test_while_their_queue_or_kind_is_paused_they_stand_in_line(self, scope: str, name: str) -> None:
        Pause.objects.create(scope=scope, name=name, paused_at=datetime.now(UTC))
        add.enqueue_many(numbers(5))
        assert states() == {State.READY: 5}

    def test_limited_ones_stand_in_the_lanes_of_their_keys(self) -> None:
        limited = job("odd.limited_many", concurrency=1, limit_by="text")(_echo)
        with origin(tenant="acme"):
            limited.enqueue_many([("x",), ("y/\t",), ("x",)])
        lanes = Job.objects.order_by("id").values_list("state", "lane", "limit_key")
        assert list(lanes) == [
            (State.READY, "acme/odd.limited_many:x", "odd.limited_many:x"),
            (State.READY, "acme/odd.limited_many:y/\t", "odd.limited_many:y/\t"),
            (State.READY, "acme/odd.limited_many:x", "odd.limited_many:x"),
        ]
        assert set(Ready.objects.values_list("lane", flat=True)) == {lane for _, lane, _ in lanes}

    def test_those_that_sleep_are_neither_in_line_nor_in_the_window(self) -> None:
        add.enqueue_many(numbers(5), countdown=HOUR.total_seconds())
        assert states() == {State.SCHEDULED: 5}
        assert not Ready.objects.exists()
        assert not Bundle.objects.exists()


@pytest.mark.django_db
class TestBadItems:
    @pytest.mark.parametrize(
        ("item", "why"),
        [
            ({}, "missing a required argument: 'a'"),
            ({"a": 1, "c": 2}, "unexpected keyword argument 'c'"),
            ((1, 2, 3), "too many positional arguments"),
            ({"a": "x"}, "argument a is 'x'"),
            ({"a": {1}}, r"argument a is \{1\}"),
            ("ab", "'ab' is neither named arguments"),
            (7, "7 is neither named arguments"),
            (None, "None is neither named arguments"),
        ],
        ids=repr,
    )
    def test_a_bad_item_is_named_and_nothing_is_written(self, item: Any, why: str) -> None:
        with pytest.raises(TypeError, match=f"^Item 12003: .*{why}.* Nothing was enqueued") as caught:
            add.enqueue_many([*numbers(12_003), item])
        assert "\n" not in str(caught.value)
        assert not Job.objects.exists()
        assert not Bundle.objects.exists()

    def test_the_caller_s_transaction_goes_on_after_it(self) -> None:
        before = steps.enqueued()
        with pytest.raises(TypeError):
            add.enqueue_many([(1,), ()])
        assert list(Job.objects.values_list("id", flat=True)) == [before]

    def test_what_cannot_be_stored_is_a_value_error_with_its_item(self) -> None:
        with pytest.raises(ValueError, match=r"Item 1: odd\.echo_bad: arguments hold a NUL"):
            job("odd.echo_bad")(_echo).enqueue_many([("x",), ("\x00",)])

    def test_a_generator_that_breaks_leaves_nothing(self) -> None:
        def broken() -> Iterator[tuple[int]]:
            yield from ((number,) for number in range(15_000))
            raise LookupError("the file ends here")

        with pytest.raises(LookupError, match="ends here"):
            add.enqueue_many(broken())
        assert not Job.objects.exists()

    @pytest.mark.parametrize("option", [{"task_id": "x"}, {"idempotency_key": "x"}])
    def test_options_for_one_job_are_refused(self, option: dict[str, str]) -> None:
        with pytest.raises(TypeError, match=f"kinds.add: {next(iter(option))} is for one job"):
            add.enqueue_many([(1,)], **option)


class TestStreaming:
    @pytest.mark.django_db
    def test_what_makes_the_items_may_ask_the_database_meanwhile(self) -> None:
        def asking() -> Iterator[tuple[int]]:
            for number in range(12_000):
                if number % 3000 == 0:
                    with connection.cursor() as cursor:
                        cursor.execute("SELECT %s", [number])
                yield (number,)

        assert add.enqueue_many(asking()) == 12_000

    @pytest.mark.django_db
    def test_a_million_would_not_be_held_in_memory(self) -> None:
        """Ten blocks take no more than three, far from what they would all take."""
        peaks = []
        for count in (30_000, 100_000):
            tracemalloc.start()
            add.enqueue_many(numbers(count))
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert peaks[1] < 1.3 * peaks[0]


class TestCommit:
    def test_they_are_published_after_the_commit_as_bundles(self, committed: None, inbox: Inbox) -> None:
        measured(0.001)
        with transaction.atomic():
            add.enqueue_many(numbers(40))
            with another_session() as other:
                outside = other.do(lambda: add.apply_async((1,), queue="default").id)
            wait_until(inbox.letters)
            assert inbox.job_ids() == [outside]
        wait_until(lambda: len(inbox.letters()) == 3)
        ids = [
            str(job_id)
            for job_id in Job.objects.exclude(id=outside).order_by("id").values_list("id", flat=True)
        ]
        assert inbox.job_ids() == [outside, *ids]
        assert "a=0" in str(inbox.letters()[1].headers["argsrepr"])
        assert "a=20" in str(inbox.letters()[2].headers["argsrepr"])

    def test_rolled_back_they_never_existed(self, committed: None, inbox: Inbox) -> None:
        with pytest.raises(LookupError):
            enqueue_and_think_again()
        kept = add.delay(1).id
        wait_until(inbox.letters)
        assert inbox.job_ids() == [kept]
        assert Job.objects.count() == 1

    def test_a_database_that_goes_away_meanwhile_is_told_as_by_any_statement(self, committed: None) -> None:
        def cut() -> Iterator[tuple[int]]:
            yield (1,)
            steps.end_session(steps.my_session())
            yield (2,)

        with pytest.raises(OperationalError):
            add.enqueue_many(cut())
        assert not Job.objects.exists()

    def test_a_worker_claims_a_whole_bundle_of_them(self, committed: None) -> None:
        measured(0.001)
        add.enqueue_many(numbers(20))
        [bundle] = Bundle.objects.all()
        claims = transitions.claim(bundle.ids, bundle=bundle.id, worker_id=steps.a_worker())
        assert [claim.args["a"] for claim in claims] == list(range(20))


def _echo(text: str) -> str:
    return text


def _ids(count: int) -> list[int]:
    start = steps.new_job().id.int & ~((1 << 62) - 1)
    return [start + number for number in range(count)]
