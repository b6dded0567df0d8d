"""Every place counts each waiting job once, under the cause that a job-by-job count gives it."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from django.db.models.functions import Now
from django.test import Client

from apps.accounts.models import User
from apps.jobs import transitions
from apps.jobs.models import DeadLetter, Job, Unserved, Worker
from apps.jobs.operating import alerts, pause
from apps.jobs.operating.not_started import MOST_COUNTED, look
from apps.jobs.states import CLAIMABLE, State
from apps.jobs.transitions import Rules
from apps.maintenance.health import probe
from apps.maintenance.health.finding import Level
from apps.maintenance.health.waiting import waiting
from apps.maintenance.health.watch import watch
from tests.jobs import steps
from tests.jobs.crowd import many_in_line
from tests.jobs.people import QUEUES, log_in
from tests.kinds import add, fail  # noqa: F401  # the kinds of the jobs

if TYPE_CHECKING:
    from uuid import UUID

    from apps.local.servers.valkey import ValkeyServer

pytestmark = pytest.mark.django_db

QUEUE_NAMES = ("default", "exports", "imports")
UNKNOWN = "shop.released_tomorrow"
KINDS = ("kinds.add", "kinds.fail", UNKNOWN)
Key = tuple[str, str, str]


@dataclass
class Broken:
    """What a scenario broke, as the test knows it."""

    queues: set[str]  # paused
    kinds: set[str]  # paused
    slots: dict[str, int]  # of the live workers by queue; none without a worker

    def cause_of(self, job: Job) -> Key | None:
        """Return the cause of one job that waits."""
        if job.queue in self.queues:
            return ("paused", job.queue, "")
        if job.queue not in self.slots:
            return ("no worker", job.queue, "")
        if not self.slots[job.queue]:
            return ("no slots", job.queue, "")
        if job.kind in self.kinds:
            return ("paused", job.queue, job.kind)
        return ("unknown kind", job.queue, job.kind) if job.kind == UNKNOWN else None

    def counted(self) -> Counter[Key]:
        """Count all jobs one by one."""
        causes = [self.cause_of(job) for job in Job.objects.all() if waits(job)]
        died = [
            ("died unread", Job.objects.get(pk=letter.job_id).queue, letter.kind)
            for letter in DeadLetter.objects.filter(decided_at=None)
        ]
        return Counter([*filter(None, causes), *died])


def waits(job: Job) -> bool:
    """Say whether a job could run now; in these scenarios only put-aside jobs sleep after an attempt."""
    return job.state in CLAIMABLE or (job.state == State.SCHEDULED and job.attempt > 0)


class _Kept:
    """The connection of the thread that serves one answer: here the test's own, which is not closed."""

    def close(self) -> None:
        """Do nothing."""


@pytest.fixture(autouse=True)
def served_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer over the test's connection."""
    monkeypatch.setattr(probe, "connection", _Kept())


@pytest.mark.parametrize("seed", range(8))
def test_every_figure_is_that_of_a_count_job_by_job(seed: int, valkey: ValkeyServer) -> None:
    dice = random.Random(seed)
    owner = User.objects.create_user("tom@aldervale.example", "correct horse battery")
    enqueue_everywhere(dice, owner)
    broken = break_some(dice)
    steps.a_keeper("relay", alerts.DUTY)
    expected = broken.counted()

    causes = look().causes
    assert {(cause.reason, cause.queue, cause.kind): cause.jobs for cause in causes} == expected
    assert len(causes) == len(expected)
    finding = waiting()  # what the doctor and the health check show
    assert (finding.level is Level.WRONG) is bool(expected)
    assert all(cause.sentence.rstrip(".") in finding.what for cause in causes)

    watch()
    assert metrics() == expected
    assert not expected or all(cause.sentence in probe.page()[1] for cause in causes)
    page = log_in(Client(), "view_pause").get(QUEUES)
    by_queue = Counter(job.queue for job in Job.objects.all() if waits(job))
    shown = {row.name: row.waiting for row in page.context["queues"]}
    assert {name: count for name, count in shown.items() if count} == by_queue
    assert all(cause.sentence.split(".")[0] in page.content.decode() for cause in causes)
    every_job_page_agrees(broken, owner)


def test_a_kind_unread_in_two_queues_for_two_reasons_is_counted_once_in_each(valkey: ValkeyServer) -> None:
    for queue, jobs in (("default", 2), ("exports", 3)):
        worker_id = steps.a_worker(f"{queue}@here", queues=(queue,))
        for _ in range(jobs):
            die_unread(steps.in_line(kind=UNKNOWN, queue=queue), worker_id)
        Unserved.objects.create(queue=queue, kind=UNKNOWN, reason="NewerVersion", last_at=Now())
    first = DeadLetter.objects.order_by("job_id").values("pk")[:1]
    DeadLetter.objects.filter(pk__in=first).update(fingerprint=f"NewerVersion {UNKNOWN}")
    assert [(cause.queue, cause.jobs) for cause in look().causes] == [("default", 2), ("exports", 3)]
    steps.a_keeper("relay", alerts.DUTY)
    watch()
    assert sum(metrics().values()) == 5


def test_a_message_counts_only_its_jobs_that_still_wait() -> None:
    ids = [steps.in_line() for _ in range(4)]
    transitions.relay(steps.QUEUE, 1)
    transitions.cancel_many(ids[:3])
    [cause] = look().causes
    assert (cause.reason, cause.jobs) == ("no worker", 1)


def enqueue_everywhere(dice: random.Random, owner: User) -> None:
    """Have jobs of each kind in each queue: in line, in the broker, parked, put aside and dead unread."""
    helper = steps.a_worker("helper@here", queues=QUEUE_NAMES)
    for queue in QUEUE_NAMES:
        for _ in range(dice.randrange(3)):
            die_unread(steps.in_line(kind=UNKNOWN, queue=queue, owner_id=owner.pk), helper)
        for _ in range(dice.randrange(3)):
            claim = steps.claimed(steps.in_line(kind=UNKNOWN, queue=queue, owner_id=owner.pk), helper)
            transitions.set_aside([claim])
        for kind in KINDS:
            for enqueue in (steps.in_line, steps.enqueued):
                for _ in range(dice.randrange(4)):
                    enqueue(kind=kind, queue=queue, owner_id=owner.pk)
    steps.enqueued(delay=steps.HOUR, owner_id=owner.pk)  # it sleeps on purpose
    Worker.objects.filter(pk=helper).update(stopped_at=Now())


def break_some(dice: random.Random) -> Broken:
    """Pause some queues and kinds, and start workers for some queues, some of them without slots."""
    queues = {name for name in QUEUE_NAMES if dice.random() < 0.25}
    kinds = {kind for kind in KINDS[:2] if dice.random() < 0.4}
    slots = {name: dice.choice((0, 2, 2)) for name in QUEUE_NAMES if dice.random() < 0.75}
    for kind in kinds:
        pause.pause("kind", kind)
    for queue in QUEUE_NAMES:
        if dice.random() < 0.5:
            transitions.relay(
                queue, dice.randrange(1, 4), Rules(paused=sorted(kinds))
            )  # parks, and sends a few
    for queue in queues:
        pause.pause("queue", queue)
    for name, count in slots.items():
        steps.a_worker(f"{name}@here", queues=(name,), concurrency=count)
    return Broken(queues, kinds, slots)


def die_unread(job_id: UUID, worker_id: int) -> None:
    """Have a job set aside until it is dead."""
    while steps.state_of(job_id) != State.DEAD:
        if steps.state_of(job_id) == State.SCHEDULED:
            steps.released(job_id)
        transitions.set_aside([steps.claimed(job_id, worker_id)])


def metrics() -> Counter[Key]:
    """Return the jobs of each cause that waits for something, as the metrics give them."""
    pattern = r'^backline_alert_jobs\{reason="([^"]*)",queue="([^"]*)",kind="([^"]*)"\} (\d+)$'
    found = re.findall(pattern, probe.metrics(), re.MULTILINE)
    return Counter({(reason, queue, kind): int(jobs) for reason, queue, kind, jobs in found if int(jobs)})


def every_job_page_agrees(broken: Broken, owner: User) -> None:
    """Ask for the owner's page of a job of each queue, kind and state."""
    person = Client()
    person.force_login(owner)
    for job in Job.objects.order_by("queue", "kind", "state", "id").distinct("queue", "kind", "state"):
        page = person.get(f"/jobs/{job.pk}/").content.decode()
        cause = broken.cause_of(job) if waits(job) else None
        assert ("starts when this is resolved" in page) is (cause is not None), (job.state, cause)
        if cause is not None:
            assert says(cause) in page, (cause, job.kind)


def says(cause: Key) -> str:
    """Return the begin of the sentence of a cause."""
    reason, queue, kind = cause
    return {
        "paused": f"Kind {kind} is paused" if kind else f"Queue {queue} is paused",
        "no worker": f"No live worker takes from queue {queue}",
        "no slots": f"The live workers of queue {queue} have no slots",
        "unknown kind": f"No live worker knows kind {kind}",
    }[reason]


def test_a_kind_in_line_is_counted_whole_or_said_to_be_a_part() -> None:
    steps.a_worker()
    many_in_line(400, kind=UNKNOWN)
    [cause] = look().causes
    assert cause.jobs == 400
    assert cause.sentence.endswith("400 jobs wait.")
    assert cause.oldest_at is not None
    many_in_line(MOST_COUNTED, lane="before")
    [cause] = look().causes
    assert 400 >= cause.jobs > 0
    assert f"At least {cause.jobs} job" in cause.sentence
