"""What piles up of one kind goes in one message, sized to its measured duration; the line's order holds."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from apps.jobs import job, transitions
from apps.jobs.keeper import packing, relay
from apps.jobs.kinds.limits import Limit
from apps.jobs.messages import broker
from apps.jobs.models import Bundle, Pace, Ready
from apps.jobs.transitions import Fill, Message, Rules, waiting
from apps.jobs.transitions.short_line import relay_short_line
from tests.jobs import steps
from tests.jobs.conftest import Inbox
from tests.jobs.crowd import many_in_line
from tests.jobs.steps import QUEUE, in_line, published_ids

NO_OP = Fill(500, 400)


def _body() -> None: ...


def sizes(messages: list[Message]) -> list[int]:
    """Return how many jobs each message carries."""
    return [len(message.ids) for message in messages]


def relayed(room: int = 32, *, slots: int = 1, **fills: Fill) -> list[Message]:
    """Relay with these sizes, by the last word of the kind."""
    rules = Rules(slots, {f"kinds.{kind}": fill for kind, fill in fills.items()})
    return transitions.relay(QUEUE, room, rules)


@pytest.mark.django_db
class TestPacking:
    def test_jobs_of_one_kind_go_together_in_the_order_of_the_line(self) -> None:
        late, early = in_line(priority=1), in_line(priority=-1)
        middle = [in_line() for _ in range(3)]
        [message] = relayed(add=NO_OP)
        assert message.ids == [early, *middle, late]
        assert Bundle.objects.get().ids == message.ids
        assert not Ready.objects.exists()

    def test_a_kind_that_was_never_measured_goes_one_by_one(self) -> None:
        waiting = [in_line() for _ in range(3)]
        messages = relayed(walk=NO_OP)
        assert sizes(messages) == [1, 1, 1]
        assert published_ids(messages) == waiting

    def test_each_message_has_one_kind_and_the_first_in_line_comes_first(self) -> None:
        kinds = ["kinds.add", "kinds.walk", "kinds.add", "kinds.walk"]
        ids = [in_line(kind=kind) for kind in kinds]
        messages = relayed(add=NO_OP, walk=NO_OP)
        assert [(message.kind, message.ids) for message in messages] == [
            ("kinds.add", [ids[0], ids[2]]),
            ("kinds.walk", [ids[1], ids[3]]),
        ]

    def test_room_counts_messages_and_the_rest_stays_in_line(self) -> None:
        waiting = [in_line() for _ in range(25)]
        messages = relayed(2, add=Fill(10, 10))
        assert sizes(messages) == [10, 10]
        assert published_ids(messages) == waiting[:20]
        assert all(steps.stands_in_line(job_id) for job_id in waiting[20:])
        steps.assert_nothing_is_lost()

    def test_few_jobs_are_spread_over_all_slots_while_that_is_worth_a_message(self) -> None:
        for _ in range(12):
            in_line()
        assert sizes(relayed(slots=4, add=Fill(100, 1))) == [3, 3, 3, 3]

    def test_and_are_kept_together_when_it_is_not(self) -> None:
        for _ in range(12):
            in_line()
        assert sizes(relayed(slots=4, add=Fill(100, 10))) == [10, 2]

    def test_a_job_that_lost_its_worker_goes_alone(self) -> None:
        worker_id = steps.a_worker()
        killer = steps.running(worker_id).id
        transitions.rescue([worker_id], max_deaths=3)
        others = [in_line() for _ in range(3)]
        messages = relayed(add=NO_OP)
        assert sorted(sizes(messages)) == [1, 3]
        assert {tuple(message.ids) for message in messages} == {(killer,), tuple(others)}

    def test_a_long_line_fills_every_message_to_the_brim(self) -> None:
        many_in_line(1200)
        assert sizes(relayed(3, slots=2, add=Fill(300, 20))) == [300, 300, 300]
        assert Ready.objects.count() == 300


def short(rules: Rules, room: int = 100) -> list[Message] | None:
    """Relay a line if it is short."""
    return relay_short_line(QUEUE, room, rules, lock=waiting._RELAY_LOCK)


@pytest.mark.django_db
class TestShortLine:
    """One that fits the window whole has a statement of its own, which is planned once: nobody can tell."""

    def test_a_short_line_is_packed_as_a_long_one_would_be(self) -> None:
        worker_id = steps.a_worker()
        killers = [steps.running(worker_id).id for _ in range(2)]
        transitions.rescue([worker_id], max_deaths=3)
        kinds = ["kinds.walk", "kinds.add", "kinds.fail", "kinds.add", "kinds.walk"] * 3
        ids = [in_line(kind=kind, priority=number % 2) for number, kind in enumerate(kinds)]
        rules = Rules(2, {"kinds.add": Fill(4, 1), "kinds.fail": NO_OP})
        with transaction.atomic():
            as_short = short(rules)
            transaction.set_rollback(True)
        with transaction.atomic():
            as_long = waiting._take(QUEUE, 100, 1000, rules, by_turns=False)
            transaction.set_rollback(True)
        assert as_short is not None
        assert [(message.kind, message.ids) for message in as_short] == [
            (message.kind, message.ids) for message in as_long
        ]
        assert {*killers, *ids} == set(published_ids(as_short))

    def test_its_messages_tell_the_arguments_of_their_first_job(self) -> None:
        in_line(args={"a": 7})
        [message] = short(Rules()) or []
        assert json.loads(message.first_args or "") == {"a": 7}

    def test_an_empty_line_is_short(self) -> None:
        assert short(Rules()) == []

    @pytest.mark.parametrize(
        "rules", [Rules(limits=[Limit("kinds.walk", 1, None)]), Rules(paused=["kinds.walk"])]
    )
    def test_a_line_in_which_somebody_is_limited_or_paused_is_left_whole(self, rules: Rules) -> None:
        in_line(kind="kinds.walk")
        in_line()
        assert short(rules) is None
        assert Ready.objects.count() == 2

    def test_a_line_that_does_not_fit_is_left_whole(self) -> None:
        many_in_line(3)
        assert short(Rules(), room=2) is None
        assert Ready.objects.count() == 3
        assert len(short(Rules(), room=3) or []) == 3

    def test_a_line_that_another_session_relays_is_left_whole(self, committed: None) -> None:
        in_line()
        with steps.another_session() as other, transaction.atomic():
            assert len(short(Rules()) or []) == 1
            in_line()
            assert other.do(lambda: transitions.relay(QUEUE, 10)) == []

    def test_a_place_that_another_session_holds_is_left_for_the_next_look(self, committed: None) -> None:
        first, second = in_line(), in_line()
        with steps.another_session() as other, transaction.atomic():
            Ready.objects.select_for_update().get(id=first)
            assert published_ids(other.do(lambda: transitions.relay(QUEUE, 10))) == [second]
        assert published_ids(transitions.relay(QUEUE, 10)) == [first]


class TestSizes:
    @pytest.mark.parametrize(
        ("mean_s", "most"), [(1.0, 1), (0.3, 1), (0.1, 2), (0.001, 250), (0.00005, 500), (0.0, 500)]
    )
    def test_a_message_holds_about_a_quarter_of_a_second_of_work(self, mean_s: float, most: int) -> None:
        assert packing.fill_of(a_task(), mean_s).most == most

    def test_a_job_type_may_want_smaller_messages(self) -> None:
        assert packing.fill_of(a_task(bundle=20), 0.0001) == (20, 20)

    def test_jobs_that_hold_places_go_one_by_one(self) -> None:
        assert packing.fill_of(a_task(concurrency=5), 0.0001) == (1, 1)
        assert packing.fill_of(a_task(limit="1000/s"), 0.0001).most == 500

    @pytest.mark.django_db
    def test_only_known_kinds_that_were_measured_have_a_size(self) -> None:
        for kind, mean_s in (("kinds.add", 0.0001), ("kinds.walk", 3.0), ("kinds.gone", 0.0001)):
            Pace.objects.create(kind=kind, mean_s=mean_s, jobs=1, updated_at=Now())
        assert packing.fills() == {"kinds.add": Fill(500, 200)}

    @pytest.mark.django_db
    def test_a_renamed_kind_keeps_its_size_under_each_of_its_names(self) -> None:
        job("odd.packed", aliases=("odd.oldest_pack", "odd.old_pack"))(_body)
        for kind, mean_s in (("odd.oldest_pack", 3.0), ("odd.old_pack", 0.0001)):
            Pace.objects.create(kind=kind, mean_s=mean_s, jobs=1, updated_at=Now())
        assert packing.fills() == dict.fromkeys(
            ("odd.packed", "odd.old_pack", "odd.oldest_pack"), Fill(500, 200)
        )


class TestWindow:
    def _relay(self) -> int:
        with broker.connected() as producer:
            return relay.Relay()(producer)

    def test_one_message_carries_what_piled_up(self, committed: None, inbox: Inbox) -> None:
        Pace.objects.create(kind="kinds.add", mean_s=0.00001, jobs=1, updated_at=Now())
        waiting = [str(in_line()) for _ in range(50)]
        assert self._relay() == 1
        assert inbox.job_ids() == waiting
        assert len(inbox.letters()) == 1

    def test_a_window_that_is_emptied_at_once_is_filled_again_at_once(
        self, committed: None, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(settings, "BACKLINE_WINDOW", 2)
        monkeypatch.setattr(relay, "_AT_A_STRETCH_S", 60)
        waiting = [in_line() for _ in range(7)]

        def send_and_forget(*_: object) -> None:
            steps._rows("DELETE FROM jobs_bundle RETURNING 1")  # workers that take no time

        monkeypatch.setattr(broker, "send", send_and_forget)
        assert self._relay() == len(waiting)

    def test_one_that_stays_full_is_left_until_the_next_time(
        self, committed: None, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(settings, "BACKLINE_WINDOW", 2)
        for _ in range(7):
            in_line()
        assert self._relay() == 2


def a_task(**declared: Any) -> Any:
    """Return a job type with these limits."""
    plain = {"aliases": (), "limit": None, "concurrency": None, "bundle": 500}
    return SimpleNamespace(**{"name": "kinds.add"} | plain | declared)
