"""A pause of a kind that was renamed holds for each of its names."""

from uuid import UUID

import pytest
from django.db.models.functions import Now

from apps.jobs import job
from apps.jobs.models import Action, Bundle, Parked, Pause
from apps.jobs.operating import pause, why
from apps.jobs.states import State
from tests.jobs import steps
from tests.jobs.operating.test_pause import relayed
from tests.jobs.steps import in_line, state_of


def _body() -> None: ...


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["odd.halt", "odd.oldest_halt", "odd.old_halt"])
class TestRenamedKinds:
    task = job("odd.halt", aliases=("odd.oldest_halt", "odd.old_halt"))(_body)

    def test_a_pause_by_any_name_holds_back_what_waits_under_each(self, name: str) -> None:
        waiting = [in_line(kind="odd.old_halt"), in_line(kind="odd.halt"), in_line(kind="odd.oldest_halt")]
        pause.pause("kind", name)
        assert relayed() == []
        assert Parked.objects.count() == 3
        pause.go_on()
        assert Parked.objects.count() == 3
        assert pause.resume("kind", "odd.old_halt")
        pause.go_on()
        assert relayed() == waiting

    def test_and_what_comes_while_it_holds(self, name: str) -> None:
        pause.pause("kind", name)
        assert state_of(UUID(self.task.delay().id)) == State.READY
        self.task.enqueue_many([(), ()])
        assert not Bundle.objects.exists()

    def test_and_recalls_what_is_in_the_broker_under_each(self, name: str) -> None:
        for kind in ("odd.halt", "odd.old_halt"):
            steps.enqueued(kind=kind)
        assert pause.pause("kind", name) == 2

    def test_it_is_one_pause_that_an_older_release_heeds(self, name: str) -> None:
        steps.a_worker()
        Pause.objects.create(scope="kind", name="odd.old_halt", paused_at=Now())  # by the release before
        assert why.why_waiting(in_line(kind="odd.oldest_halt")).startswith("Kind odd.halt is paused")
        pause.pause("kind", name)
        assert [row.name for row in pause.paused()] == ["odd.oldest_halt"]
        assert [action.subject for action in Action.objects.all()] == ["kind odd.halt"]
