"""How fast a replay goes: a canary first, the rest at its rate; what dies again stops it."""

from datetime import timedelta

import pytest
from django.db.models import F

from apps.accounts.models import User
from apps.jobs.models import Action, Job, Replay, Replayed
from apps.jobs.operating import replay
from apps.jobs.operating.dead_letters import Filter
from apps.jobs.states import State
from apps.lib.ids import new_id
from tests.jobs import steps
from tests.jobs.operating.test_dead_letters import buried
from tests.jobs.operating.test_replay import asked, ends, graves, in_line, looked_again

pytestmark = pytest.mark.django_db


def test_the_rest_follows_when_the_canary_ended_well() -> None:
    ids = graves(5)
    record = asked(canary=2)
    assert in_line(ids) == [True, True, False, False, False]
    ends(ids[0], well=True)
    looked_again(record)
    assert in_line(ids)[2:] == [False, False, False]
    ends(ids[1], well=True)
    looked_again(record)
    assert in_line(ids)[2:] == [True, True, True]
    assert (record.stage, record.sent) == ("going", 5)


def test_a_canary_that_dies_stops_the_replay_and_the_rest_stays_dead() -> None:
    ids = graves(5)
    record = asked(canary=2)
    ends(ids[0], well=False)
    looked_again(record)
    assert (record.stage, record.sent, record.died_again) == ("stopped", 2, 1)
    assert record.stopped_because == (
        "1 of the 1 that ended died again, more than 20 %. 3 were left as they are."
    )
    assert [steps.state_of(job_id) for job_id in ids[2:]] == [State.DEAD] * 3
    assert asked(Filter(ids=tuple(ids[2:]))).total == 3  # they are free for another


def test_a_few_that_die_again_are_borne() -> None:
    ids = graves(12)
    record = asked(canary=10, stop_at_percent=20)
    for place, job_id in enumerate(ids[:10]):
        ends(job_id, well=place >= 2)
    looked_again(record)
    assert (record.stage, record.sent, record.died_again) == ("going", 12, 2)


def test_it_stops_also_later_when_too_many_die_again() -> None:
    ids = graves(4)
    record = asked(canary=1, per_minute=1)
    ends(ids[0], well=True)
    _time_passes(record, timedelta(minutes=1))
    looked_again(record)
    assert in_line(ids[1:]) == [True, False, False]
    ends(ids[1], well=False)
    looked_again(record)
    assert (record.stage, record.sent) == ("stopped", 2)


def test_a_rate_is_kept() -> None:
    graves(8)
    record = asked(per_minute=60)
    assert record.sent == 1
    assert looked_again(record).sent == 1  # not a second has passed
    _time_passes(record, timedelta(seconds=3))
    assert looked_again(record).sent == 4
    assert looked_again(record).sent == 4


def test_a_slow_rate_is_kept_too() -> None:
    graves(3)
    record = asked(per_minute=1)
    _time_passes(record, timedelta(seconds=40))
    assert looked_again(record).sent == 1
    _time_passes(record, timedelta(seconds=21))
    assert looked_again(record).sent == 2


def test_after_an_outage_of_the_keeper_the_rest_does_not_come_as_a_flood() -> None:
    graves(15)
    record = asked(per_minute=60)
    _time_passes(record, timedelta(hours=1))
    assert looked_again(record).sent == 11  # ten seconds' worth


def _time_passes(record: Replay, by: timedelta) -> None:
    Replay.objects.filter(pk=record.pk).update(sent_at=F("sent_at") - by)


def test_a_person_stops_a_replay_and_what_is_in_line_stays_there() -> None:
    asha = User.objects.create_user("asha@example.com")
    first, second = graves(2)
    record = replay.stop(asked(canary=1).pk, actor=asha, reason="wrong group")
    assert (record.stage, record.stopped_because) == ("stopped", "asha@example.com: wrong group")
    assert in_line([first, second]) == [True, False]
    entry = Action.objects.get(verb="stop")
    assert (entry.subject, entry.count, entry.reason) == (f"replay {record.pk}", 1, "wrong group")
    with pytest.raises(replay.NotGoing):
        replay.stop(record.pk, actor=asha, reason="again")
    assert replay.go_on() == 0


def test_many_are_replayed_in_batches_by_the_keeper() -> None:
    copies = (
        "INSERT INTO {0} SELECT (r).* FROM (SELECT jsonb_populate_record(t, jsonb_build_object('{1}', one))"
    )
    copies += " AS r FROM {0} AS t, unnest(%s::uuid[]) AS one) AS made RETURNING {1}"
    buried()
    more = [new_id() for _ in range(1199)]
    steps._rows(copies.format("jobs_job", "id"), [more])
    steps._rows(copies.format("jobs_dead_letter", "job_id"), [more])
    record = asked()
    assert (record.total, record.sent) == (1200, 500)
    assert replay.go_on() == 500
    assert replay.go_on() == 200
    assert replay.go_on() == 0
    assert Job.objects.filter(state=State.READY).count() == 1200
    assert Replayed.objects.filter(became=Replayed.Became.SENT).count() == 1200
    steps.assert_nothing_is_lost()
