"""A job that ended is run again as a new one, which says where it came from."""

import pytest

from apps.accounts.models import User
from apps.jobs import origin, registry
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
        new = Job.objects.get(pk=run_again(old, actor=asha, reason="the file was mended"))
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
    new = run_again(Job.objects.get(pk=claim.id), actor=None)
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
