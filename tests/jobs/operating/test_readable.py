"""Before a deploy a command says which stored jobs the new release cannot read."""

import io
from uuid import UUID

import pytest
from django.core.management import call_command

from apps.jobs import job
from apps.jobs.models import Job
from apps.jobs.operating.readable import unreadable
from apps.jobs.states import State
from tests.jobs import steps


def _body(a: int) -> int:
    return a


def raised(args: dict[str, object]) -> dict[str, object]:
    """Stand for an upcaster."""
    return args


job("odd.renamed", aliases=("odd.before",))(_body)
job("odd.third", version=3, upcast={2: raised})(_body)

pytestmark = pytest.mark.django_db


def told() -> list[str]:
    """Return what the command would print."""
    return list(map(str, unreadable()))


def test_what_it_can_read_is_not_named() -> None:
    steps.enqueued()
    steps.enqueued(kind="odd.renamed")
    steps.enqueued(kind="odd.before")
    steps.enqueued(kind="odd.third", schema_version=3)
    steps.enqueued(kind="odd.third", schema_version=2)
    assert told() == []
    out = io.StringIO()
    call_command("check_jobs", stdout=out)
    assert out.getvalue() == "This release can read every waiting, running and dead job.\n"


def test_a_kind_that_nobody_knows_is_named_with_its_jobs() -> None:
    steps.enqueued(kind="odd.gone")
    steps.in_line(kind="odd.gone")
    assert told() == [
        (
            "This release cannot read 2 waiting jobs of kind odd.gone version 1: no job type has this name. "
            "Add it to the aliases of the one that took its place."
        )
    ]


def test_a_version_without_an_upcaster_is_named() -> None:
    steps.enqueued(kind="odd.third", schema_version=1)
    assert told() == [
        (
            "This release cannot read 1 waiting job of kind odd.third version 1: "
            "there is no upcaster from version 1. Add it to upcast."
        )
    ]


def test_a_version_of_a_newer_release_is_named() -> None:
    steps.enqueued(kind="odd.third", schema_version=4)
    assert told() == [
        (
            "This release cannot read 1 waiting job of kind odd.third version 4: "
            "its job type reads up to version 3. Deploy the release that wrote them."
        )
    ]


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (State.SCHEDULED, "waiting"),
        (State.RETRYING, "waiting"),
        (State.RUNNING, "running"),
        (State.DEAD, "dead"),
        (State.SUCCEEDED, None),
        (State.CANCELLED, None),
    ],
)
def test_jobs_that_may_still_run_or_be_replayed_count(state: State, word: str | None) -> None:
    claim = steps.job_in(state)
    type_of(claim.id, "odd.gone")
    assert [(fault.stands, fault.count) for fault in unreadable()] == ([(word, 1)] if word else [])


def test_the_command_fails_so_that_a_deploy_stops(capsys: pytest.CaptureFixture[str]) -> None:
    steps.enqueued(kind="odd.gone")
    with pytest.raises(SystemExit, match="1"):
        call_command("check_jobs")
    assert "cannot read 1 waiting job of kind odd.gone" in capsys.readouterr().err


def type_of(job_id: UUID, kind: str) -> None:
    """Let a job be of another kind."""
    Job.objects.filter(id=job_id).update(kind=kind)
