"""Who is past the limit or was cancelled is told and then killed; whoever is not, is left alone."""

import os
import signal
from dataclasses import replace
from time import monotonic
from uuid import UUID, uuid4

import pytest
from django.conf import settings

from apps.jobs import transitions
from apps.jobs.models import Job
from apps.jobs.running.interrupt import CANCEL
from apps.jobs.running.slate import Entry, Slate
from apps.jobs.transitions import Claim
from apps.jobs.worker import enforce
from apps.jobs.worker.enforce import Enforcer, Reason, Sentence
from tests.jobs import steps


class Shown(Slate):
    """A slate on which a test writes in the name of children that do not exist."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: dict[int, Entry] = {}
        self.asked: list[Entry] = []

    def entries(self):  # type: ignore[no-untyped-def]  # as above it
        return iter(list(self.shown.values()))

    def ask_to_stop(self, entry: Entry) -> None:
        self.asked.append(entry)


class Children:
    """One enforcer, what its children run, and what it sent them."""

    def __init__(self) -> None:
        self.slate = Shown()
        self.sent: list[tuple[int, signal.Signals]] = []
        self.enforcer = Enforcer(self.slate, self._send)

    def _send(self, pid: int, number: signal.Signals) -> bool:
        self.sent.append((pid, number))
        return True

    def run(
        self, pid: int, *, job: UUID | None = None, lease: UUID | None = None, left_s: float = 60
    ) -> Entry:
        """Let a child be in a job that has this long to its limit."""
        now = monotonic()
        entry = Entry(pid, lease or uuid4(), job or uuid4(), now - 10, now + left_s)
        self.slate.shown[pid] = entry
        return entry

    def look(self) -> None:
        """Look once, as the voice does."""
        self.enforcer.end_overdue(self.slate.shown)
        self.enforcer.end_cancelled(self.slate.shown)


@pytest.fixture
def children() -> Children:
    return Children()


class TestOverdue:
    def test_one_that_is_past_its_limit_and_the_grace_is_killed(self, children: Children) -> None:
        late = children.run(1, left_s=-settings.BACKLINE_KILL_GRACE_S - 1)
        children.run(2, left_s=-settings.BACKLINE_KILL_GRACE_S + 1)
        children.enforcer.end_overdue(children.slate.shown)
        assert children.sent == [(1, signal.SIGKILL)]
        assert children.enforcer.sentence_of(1) == Sentence(late, Reason.OVERDUE)
        assert children.enforcer.sentence_of(2) is None

    def test_it_is_killed_once(self, children: Children) -> None:
        children.run(1, left_s=-100)
        for _ in range(3):
            children.enforcer.end_overdue(children.slate.shown)
        assert len(children.sent) == children.enforcer.killed == 1

    def test_one_that_went_on_to_its_next_job_is_not(
        self, children: Children, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        late = children.run(1, left_s=-100)
        monkeypatch.setattr(children.slate, "entries_of", lambda pid: [replace(late, job=uuid4())])
        children.enforcer.end_overdue(children.slate.shown)
        assert children.sent == []

    def test_the_worker_itself_is_not(self, children: Children) -> None:
        children.run(os.getpid(), left_s=-100)
        children.enforcer.end_overdue(children.slate.shown)
        assert children.sent == []

    def test_the_dead_are_left_in_peace(self, children: Children) -> None:
        children.run(1, left_s=-100)
        children.enforcer.end_overdue(set())
        assert children.sent == []

    def test_a_number_that_is_used_again_starts_without_a_sentence(self, children: Children) -> None:
        children.run(1, left_s=-100)
        children.enforcer.end_overdue(children.slate.shown)
        children.enforcer.forget(1)
        assert children.enforcer.sentence_of(1) is None


@pytest.mark.django_db
class TestCancel:
    @pytest.fixture
    def claim(self, children: Children) -> Claim:
        """A cancelled job in the hands of child 1, beside one that is not."""
        claim, other = steps.running(), steps.running()
        children.run(1, job=claim.id, lease=claim.lease)
        children.run(2, job=other.id, lease=other.lease)
        transitions.cancel(claim.id)
        return claim

    def test_it_is_asked_at_the_second_look_and_nobody_else(self, children: Children, claim: Claim) -> None:
        children.look()
        assert children.sent == []
        children.look()
        assert children.sent == [(1, CANCEL)]
        assert [entry.job for entry in children.slate.asked] == [claim.id]

    def test_it_is_asked_again_and_then_killed(
        self, children: Children, claim: Claim, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = [1000.0]
        monkeypatch.setattr(enforce, "monotonic", lambda: now[0])
        for pid, entry in children.slate.shown.items():
            children.slate.shown[pid] = replace(entry, until=1e9)
        for _ in range(30):
            children.look()
            now[0] += 0.5
        asked, killed = children.sent.count((1, CANCEL)), children.sent.count((1, signal.SIGKILL))
        assert (asked, killed) == (settings.BACKLINE_CANCEL_GRACE_S, 1)
        sentence = children.enforcer.sentence_of(1)
        assert sentence is not None
        assert (sentence.reason, sentence.entry.job) == (Reason.CANCELLED, claim.id)
        assert {pid for pid, _ in children.sent} == {1}

    def test_a_cancel_of_a_lease_that_it_no_longer_holds_is_not_for_it(
        self, children: Children, claim: Claim
    ) -> None:
        Job.objects.filter(id=claim.id).update(lease=uuid4())
        for _ in range(3):
            children.look()
        assert children.sent == []

    def test_jobs_shorter_than_a_look_cost_no_question(
        self, children: Children, django_assert_num_queries: pytest.FixtureRequest
    ) -> None:
        with django_assert_num_queries(0):  # type: ignore[operator]
            for _ in range(5):
                children.run(1)
                children.look()
        with django_assert_num_queries(1):  # type: ignore[operator]
            children.look()


def test_child_that_cannot_be_signalled_yet_is_killed_at_the_next_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    children, is_watched = Children(), iter([False, True])
    monkeypatch.setattr(children.enforcer, "_send", lambda _pid, _number: next(is_watched))
    children.run(7, left_s=-60)
    children.enforcer.end_overdue(children.slate.shown)
    assert (children.enforcer.killed, children.enforcer.sentence_of(7)) == (0, None)
    children.enforcer.end_overdue(children.slate.shown)
    assert children.enforcer.killed == 1
