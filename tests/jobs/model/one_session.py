"""What must be true after each deed when one follows the other: a state for each job, and who holds it."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from django.db import connection, transaction
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from apps.jobs import transitions
from apps.jobs.models import Attempt, DeadLetter, Job
from apps.jobs.models import Bundle as WindowBundle
from apps.jobs.states import CLAIMABLE, ENDED, MOVES, State
from apps.jobs.transitions import Claim
from tests.jobs import steps
from tests.jobs.model import promises

MAX_DEATHS = 3


class OneSession(RuleBasedStateMachine):
    """The model, and what holds always."""

    @initialize()
    def two_workers(self) -> None:
        self.transaction = steps.open_transaction()
        self.transaction.__enter__()
        self.workers = [steps.a_worker("one@here"), steps.a_worker("two@here")]
        self.state: dict[UUID, State] = {}
        self.holder: dict[UUID, tuple[UUID, int]] = {}  # lease and worker of what runs
        self.asked: set[UUID] = set()
        self.late: set[UUID] = set()  # was to start before now
        self.accepted: dict[UUID, int] = {}
        self.starts: Counter[UUID] = Counter()
        self.stories: Counter[UUID] = Counter()
        self.deaths: dict[UUID, int] = {}
        self.waits_for: dict[UUID, UUID] = {}  # of a batch: its job, and the one it waits for
        self.issued: dict[UUID, list[Claim]] = {}  # by lease
        self.is_paused = False

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    # --- what must hold ---------------------------------------------------------

    @invariant()
    def the_ledger_says_what_the_model_says(self) -> None:
        rows = {row.id: row for row in Job.objects.all()}
        assert {job: State(row.state) for job, row in rows.items()} == self.state
        for job, row in rows.items():
            holder = (row.lease, row.worker_id) if row.state == State.RUNNING else None
            assert holder == self.holder.get(job)
            assert row.attempt == self.starts[job]

    @invariant()
    def nothing_is_lost_and_nothing_is_a_ghost(self) -> None:
        steps.assert_nothing_is_lost()
        assert promises.named_anywhere() == set(self.state)

    @invariant()
    def every_start_that_did_not_succeed_has_its_story(self) -> None:
        assert Counter(Attempt.objects.values_list("job_id", flat=True)) == self.stories

    @invariant()
    def no_job_has_more_than_one_accepted_end(self) -> None:
        assert all(count == 1 for count in self.accepted.values())
        assert {job for job, state in self.state.items() if state in ENDED} == set(self.accepted)
        assert DeadLetter.objects.filter(decision="").count() == sum(
            state == State.DEAD for state in self.state.values()
        )

    # --- the model --------------------------------------------------------------

    def claims_of(self, ids: Sequence[UUID], bundle: UUID, worker: int) -> list[Claim]:
        """Claim; who gets it, and that nobody else does, is what the model says."""
        known = WindowBundle.objects.filter(id=bundle).exists()
        claims = transitions.claim(ids, bundle=bundle, worker_id=self.workers[worker])
        claimable = {job for job in ids if self.state[job] in CLAIMABLE and job not in self.late}
        assert {claim.id for claim in claims} == (claimable if known else set())
        for claim in claims:
            self.moves(claim.id, State.RUNNING)
            self.holder[claim.id] = (claim.lease, self.workers[worker])
        return claims

    def holds(self, claim: Claim) -> bool:
        """Say whether a claim's lease is the current one."""
        return self.holder.get(claim.id, (None, 0))[0] == claim.lease

    def held_by(self, worker: int) -> set[UUID]:
        """Return what a worker runs."""
        return {job for job, (_, holder) in self.holder.items() if holder == self.workers[worker]}

    def moves(self, job: UUID, state: State) -> None:
        """Move a job along an arrow."""
        was = self.state[job]
        assert (was, state) in MOVES
        self.state[job] = state
        self.holder.pop(job, None)
        self.starts[job] += state == State.RUNNING
        self.stories[job] += was == State.RUNNING and state != State.SUCCEEDED
        if state in ENDED:
            self.accepted[job] = self.accepted.get(job, 0) + 1

    def are_free(self, jobs: Sequence[UUID], *, dead: bool) -> None:
        """Take jobs out of their worker's hands."""
        for job in jobs:
            self.deaths[job] = self.deaths.get(job, 0) + dead
            if dead and self.deaths[job] >= MAX_DEATHS:
                self.moves(job, State.DEAD)
            else:
                self.moves(job, State.CANCELLED if job in self.asked else State.READY)

    def line(self) -> list[UUID]:
        """Return who stands in line, the next one first."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM jobs_ready ORDER BY rank, id")
            return [job_id for (job_id,) in cursor.fetchall()]
