"""A job that ended is run again as a new one, which says where it came from."""

from typing import Any

import pytest

from apps.accounts.models import User
from apps.jobs import Unique, job, origin, registry, transitions
from apps.jobs.models import Action, Job
from apps.jobs.operating.again import NotEnded, run_again
from apps.jobs.states import ENDED, State
from tests.jobs import steps

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("state", sorted(ENDED))
def test_the_new_job_is_like_the_old_one_and_names_it(state: State) -> None:
    asha = User.objects.create_user("asha@example.com")
    claim = steps.job_in(state)
    Job.objects.filter(pk=claim.id).update(tenant="acme", subject="stock.csv", priority=3, tags=["stock"])
    old = Job.objects.get(pk=claim.id)
    with origin(trigger="web"):
        new = Job.objects.get(pk=run_again(old, actor=asha, reason="the file was mended").id)
    assert new.pk != old.pk
    for name in ("kind", "args", "queue", "priority", "tenant", "subject", "tags"):
        assert getattr(new, name) == getattr(old, name), name
    assert (new.parent_id, new.owner, new.trigger) == (old.pk, asha, "web")
    assert (new.attempt, new.failures) == (0, 0)
    assert steps.row_of(old.pk)["state"] == state
    entry = Action.objects.get()
    assert (entry.verb, entry.subject, entry.details) == ("run again", f"job {old.pk}", {"new": str(new.pk)})


def test_at_a_shell_the_owner_stays_the_same() -> None:
    asha = User.objects.create_user("asha@example.com")
    claim = steps.job_in(State.SUCCEEDED)
    Job.objects.filter(pk=claim.id).update(owner=asha)
    new = run_again(Job.objects.get(pk=claim.id), actor=None).id
    assert Job.objects.get(pk=new).owner == asha


def test_a_job_that_has_not_ended_is_not_run_twice() -> None:
    job = Job.objects.get(pk=steps.job_in(State.RUNNING).id)
    with pytest.raises(NotEnded, match="is running: it has not ended"):
        run_again(job, actor=None)
    assert Job.objects.count() == 1


def test_a_kind_that_is_gone_and_arguments_that_do_not_fit_are_refused() -> None:
    job = Job.objects.get(pk=steps.job_in(State.DEAD).id)
    job.kind = "no.such"
    with pytest.raises(registry.UnknownKind, match=r"No job type is called 'no\.such'"):
        run_again(job, actor=None)
    job.kind, job.args = steps.KIND, {"nonsense": 1}
    with pytest.raises(TypeError, match=r"kinds\.add"):
        run_again(job, actor=None)
    assert Job.objects.count() == 1
    assert not Action.objects.exists()


def _shift(data: dict[str, object]) -> dict[str, object]:
    return {"euros": data["cents"]}


def _pay(euros: int) -> None: ...


job("odd.pays", version=3, upcast={2: _shift})(_pay)
job("odd.pays_once", unique=Unique())(_pay)


def ended(**fields: Any) -> Job:
    """Return a job that ended well."""
    claim = steps.running(**fields)
    transitions.succeed(claim, None)
    return Job.objects.get(pk=claim.id)


def test_arguments_of_an_older_release_are_brought_up_to_this_one() -> None:
    old = ended(kind="odd.pays", args={"cents": 700}, schema_version=2)
    new = Job.objects.get(pk=run_again(old, actor=None).id)
    assert (new.args, new.schema_version) == ({"euros": 700}, 3)


@pytest.mark.parametrize(
    ("version", "why"),
    [
        (1, r"cannot read arguments of odd\.pays version 1: it has no upcaster from there"),
        (2, r"The upcaster of odd\.pays from version 2 failed: KeyError: 'cents'"),
        (4, r"Arguments of odd\.pays version 4 are of a newer release: this one reads 3\."),
    ],
)
def test_arguments_that_this_release_cannot_read_are_refused_with_the_reason(version: int, why: str) -> None:
    old = ended(kind="odd.pays", args={"euros": 7}, schema_version=version)
    with pytest.raises(ValueError, match=why):
        run_again(old, actor=None)
    assert Job.objects.count() == 1
    assert not Action.objects.exists()


def test_of_a_unique_kind_the_one_that_is_there_is_the_answer_and_is_not_called_new() -> None:
    old = ended(kind="odd.pays_once", args={"euros": 7})
    first = run_again(old, actor=None)
    assert first.is_new
    assert run_again(old, actor=None) == (first.id, False)
    assert [action.details for action in Action.objects.order_by("id")] == [
        {"new": str(first.id)},
        {"holder": str(first.id)},
    ]
