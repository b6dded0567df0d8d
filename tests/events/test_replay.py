"""Facts are replayed to one listener: each once, unless asked for again, whatever is cut off."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from apps.events import deliver, emit, emit_many, replay
from apps.events.choosing import FactFilter
from apps.events.models import Delivery, Fact
from apps.events.prune import prune
from apps.events.replay import NotListening
from apps.jobs import origin
from apps.jobs.models import Action, Job
from apps.jobs.registry import UnknownKind
from apps.lib.ids import new_id
from tests.events.orders import OrderPlaced, OrderShipped

THANK = "orders.thank"
EVERY = FactFilter(name="orders.placed")


def replayed(chosen: FactFilter = EVERY, **words: Any) -> replay.Replayed:
    """Replay to the listener that thanks."""
    return replay.replay(chosen, **{"to": THANK, "actor": None, "reason": "It came later."} | words)


def unheard(*orders: int) -> list[UUID]:
    """Write facts down that the listener did not hear."""
    ids = [emit(OrderPlaced(order_id=order)) for order in orders]
    Delivery.objects.filter(fact_id__in=ids, kind=THANK).delete()
    return ids


def thanked() -> list[object]:
    """Return for which orders the listener's deliveries are, in their order."""
    jobs = Delivery.objects.filter(kind=THANK).order_by("id").values_list("job_id", flat=True)
    return [Job.objects.get(pk=job_id).args["order_id"] for job_id in jobs]


@pytest.mark.django_db
def test_a_listener_that_came_later_hears_what_it_missed_once() -> None:
    emit(OrderPlaced(order_id=1))
    unheard(2, 3)
    assert replay.count(EVERY, to=THANK) == 2
    assert replayed().given == 2
    assert thanked() == [1, 2, 3]
    assert replayed().given == 0


@pytest.mark.django_db
def test_again_gives_it_all_of_them() -> None:
    emit_many([OrderPlaced(order_id=1), OrderPlaced(order_id=2)])
    assert replay.count(EVERY, to=THANK, again=True) == 2
    assert replayed(again=True).given == 2
    assert thanked() == [1, 2, 1, 2]


@pytest.mark.django_db
def test_only_the_listener_hears_them_and_only_what_it_listens_to() -> None:
    unheard(1)
    emit(OrderShipped(order_id=9))
    before = Delivery.objects.filter(kind="orders.count").count()
    assert replayed(FactFilter()).given == 1
    assert Delivery.objects.filter(kind="orders.count").count() == before


@pytest.mark.django_db
def test_jobs_take_the_turn_of_whom_the_fact_was_about() -> None:
    with origin(owner_id=3, tenant="acme", request_id="r1"):
        [fact_id] = unheard(1)
    replayed()
    job = Job.objects.get(pk=Delivery.objects.get(fact_id=fact_id, kind=THANK).job_id)
    assert (job.owner_id, job.tenant, job.request_id, job.trigger) == (3, "acme", "r1", "event")


@pytest.mark.django_db
def test_a_fact_that_does_not_fit_any_more_is_left_out_and_named() -> None:
    old, _ = unheard(1, 2)
    Fact.objects.filter(pk=old).update(data={"order": 1})
    done = replayed()
    assert (done.given, done.unfit) == (1, 1)
    assert done.reasons[0].startswith(f"event {old}: orders.thank: missing a required argument")
    assert thanked() == [2]


@pytest.mark.django_db
def test_a_field_that_came_later_has_its_default_in_facts_of_before() -> None:
    [old] = unheard(1)
    Fact.objects.filter(pk=old).update(data={"order_id": 1})
    assert (replayed().given, thanked()) == (1, [1])
    job = Job.objects.get(pk=Delivery.objects.get(fact_id=old, kind=THANK).job_id)
    assert job.args == {"order_id": 1, "total": "0"}


@pytest.mark.django_db
def test_what_a_listener_heard_under_its_former_name_it_has_heard() -> None:
    emit(OrderPlaced(order_id=1))
    Delivery.objects.filter(kind=THANK).update(kind="orders.praise")
    assert replay.count(EVERY, to=THANK) == 0
    assert replayed().given == 0


@pytest.mark.django_db
def test_what_was_cut_off_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.events.replay._BLOCK", 2)
    unheard(1, 2, 3, 4, 5)
    start, blocks = deliver.start, list[int]()

    def dies_in_the_second_block(pairs: Any, asking: Any) -> int:
        blocks.append(len(pairs))
        if len(blocks) == 2:
            raise ConnectionError("the machine is gone")
        return start(pairs, asking)

    monkeypatch.setattr(replay, "start", dies_in_the_second_block)
    with pytest.raises(ConnectionError):
        replayed()
    assert thanked() == [1, 2]
    assert replayed().given == 3
    assert thanked() == [1, 2, 3, 4, 5]


@pytest.mark.usefixtures("committed")
def test_of_two_replays_at_once_neither_gives_what_the_other_gave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.events.replay._BLOCK", 3)
    unheard(*range(40))

    def one(_: int) -> int:
        try:
            return replayed().given
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(one, range(2))) == 40
    assert sorted(map(int, map(str, thanked()))) == list(range(40))


@pytest.mark.django_db
def test_it_is_written_down_who_did_it_and_why() -> None:
    unheard(1)
    replayed(FactFilter(name="orders.placed", since=datetime(2026, 1, 1, tzinfo=UTC)))
    action = Action.objects.get()
    assert (action.verb, action.count, action.reason) == ("replay facts", 1, "It came later.")
    assert action.subject == "orders.thank: events: event orders.placed, since 2026-01-01 00:00:00"
    assert action.details["event"] == "orders.placed"
    with pytest.raises(ValueError, match="Say why"):
        replayed(reason=" ")


@pytest.mark.django_db
def test_a_job_type_that_listens_to_nothing_is_refused() -> None:
    with pytest.raises(NotListening, match=r"maintenance\.health_check listens to no event"):
        replayed(to="maintenance.health_check")
    with pytest.raises(UnknownKind, match=r"orders\.nothing"):
        replayed(to="orders.nothing")


@pytest.mark.django_db
def test_facts_are_chosen_by_time_and_by_id() -> None:
    [first, second] = unheard(1, 2)
    now = datetime.now(UTC)
    assert FactFilter(since=now - timedelta(minutes=1)).facts().count() == 2
    assert FactFilter(until=now - timedelta(minutes=1)).facts().count() == 0
    assert [fact.pk for fact in FactFilter(ids=(second, first)).facts()] == [first, second]
    with pytest.raises(ValueError, match="10001 ids are too many"):
        FactFilter(ids=(first,) * 10_001)


@pytest.mark.django_db
def test_old_facts_are_forgotten_with_their_deliveries_and_their_jobs_stay(settings: Settings) -> None:
    settings.BACKLINE_EVENT_DAYS = 30
    old, young = emit(OrderPlaced(order_id=1)), emit(OrderPlaced(order_id=2))
    Fact.objects.filter(pk=old).update(emitted_at=datetime.now(UTC) - timedelta(days=31))
    assert [prune(), prune()] == [1, 0]
    assert Fact.objects.get().pk == young
    assert set(Delivery.objects.values_list("fact_id", flat=True)) == {young}
    assert Job.objects.filter(kind=THANK).count() == 2


def told(*words: str) -> dict[str, Any]:
    """Run a subcommand of `manage.py events`; return its answer as data."""
    out = StringIO()
    call_command("events", *words, "--json", stdout=out)
    return json.loads(out.getvalue())  # type: ignore[no-any-return]  # an object by construction


@pytest.mark.django_db
def test_the_command_lists_and_shows_facts_with_secrets_masked() -> None:
    fact_id = emit(OrderPlaced(order_id=7, api_token="hunter2"))
    [listed] = told("list", "--event", "orders.placed", "--since", "1h")["facts"]
    assert (listed["id"], listed["data"]["order_id"], listed["data"]["api_token"]) == (str(fact_id), 7, "***")
    shown = told("show", str(fact_id))
    assert {one["listener"] for one in shown["jobs"]} == {THANK, "orders.count"}
    assert "hunter2" not in json.dumps(shown)
    with pytest.raises(CommandError, match="There is no event"):
        told("show", str(new_id()))


@pytest.mark.django_db
def test_the_command_counts_first_and_replays_when_told() -> None:
    unheard(1, 2)
    asked = ("replay", "--to", THANK, "--event", "orders.placed", "--reason", "It came later.")
    assert told(*asked) == {"would_replay": 2, "done": False}
    assert told(*asked, "--yes")["given"] == 2
    assert told(*asked) == {"would_replay": 0, "done": False}
    with pytest.raises(CommandError, match="Give ids, or a filter"):
        told("replay", "--to", THANK, "--reason", "All.", "--yes")
    with pytest.raises(CommandError, match="listens to no event"):
        told("replay", "--to", "maintenance.health_check", "--event", "x", "--reason", "Why not.", "--yes")
