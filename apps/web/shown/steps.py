"""The life of a job told as a list of steps, the oldest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.jobs.models import Attempt, Job
from apps.jobs.states import ENDED, Outcome, State
from apps.web.shown.state_words import state_word


@dataclass(frozen=True, slots=True)
class Step:
    """What happened, and when."""

    state: State
    words: str
    at: datetime | None


def came_back(job: Job, attempts: Sequence[Attempt]) -> list[Attempt]:
    """Keep the attempts after which the job went back in line: all but the one it ended with."""
    ended_badly = job.has_ended and job.state != State.SUCCEEDED
    return [attempt for attempt in attempts if not (ended_badly and attempt.number == job.attempt)]


def steps(job: Job, returned: Sequence[Attempt]) -> list[Step]:
    """Tell what happened from the enqueue to now; ``returned`` are the attempts that came back."""
    state = State(job.state)
    told = [Step(State.READY, "enqueued", job.enqueued_at)]
    for attempt in returned:
        told.append(Step(State.RUNNING, f"running, attempt {attempt.number}", attempt.started_at))
        told.append(_return(attempt))
    if state == State.RUNNING or (state in ENDED and job.attempt > len(returned)):
        told.append(Step(State.RUNNING, f"running, attempt {job.attempt}", job.started_at))
    if state in ENDED:
        told.append(Step(state, state_word(state), job.finished_at))
    elif state == State.SCHEDULED and not returned and not job.waits_for_its_batch:
        told.append(Step(state, "scheduled for", job.run_after))
    return told


def _return(attempt: Attempt) -> Step:
    if attempt.outcome == Outcome.FAILED:
        return Step(State.RETRYING, "failed, retrying", attempt.ended_at)
    if attempt.outcome == Outcome.SNOOZED:
        return Step(State.SCHEDULED, "continues later", attempt.ended_at)
    words = "worker lost" if attempt.outcome == Outcome.LOST else attempt.outcome
    return Step(State.READY, f"{words}, queued again", attempt.ended_at)
