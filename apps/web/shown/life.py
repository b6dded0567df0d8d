"""The life of a job as a line with stops: the way it went is solid, what can still happen is dotted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from apps.jobs.models import Attempt, Job
from apps.jobs.states import ENDED, Outcome, State
from apps.web.shown import words

_LINE, _TOP = 110, 35.5
_PLACES = {
    State.SCHEDULED: (80, _LINE),
    State.READY: (280, _LINE),
    State.QUEUED: (510, _LINE),
    State.RETRYING: (506, _TOP),
    State.SUCCEEDED: (920, _LINE),
    State.CANCELLED: (920, 186),
    State.DEAD: (920, 254),
    State.RUNNING: (730, _LINE),
}
_TO_LINE = "M89 110H271"
_IN_LINE = "M289 110H501M519 110H721"
_BACK = "M724 103C670 8 340 8 289 98"
_ARROW = "M302 88L288 100L283 82"
_ENDS = {
    State.SUCCEEDED: "M739 110H911",
    State.CANCELLED: "M735 118C760 176 820 186 911 186",
    State.DEAD: "M733 119C750 240 830 254 911 254",
}
_FROM_LINE_TO_CANCELLED = "M288 115C345 150 350 230 460 226C640 220 760 190 911 186"


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop of the line."""

    state: State
    x: float
    y: float
    is_done: bool
    is_now: bool
    when: str

    @property
    def word(self) -> str:
        """Return the state's word."""
        return str(self.state.label)

    @property
    def word_y(self) -> float:
        """Return where the word stands."""
        return {State.RETRYING: 15, State.RUNNING: 78}.get(self.state, self.y + 32)

    @property
    def when_y(self) -> float:
        """Return where the time stands."""
        return {State.RETRYING: 66, State.RUNNING: 96}.get(self.state, self.y + 50)

    @property
    def text_x(self) -> float:
        """Return where the text begins or is centred."""
        return self.x + 20 if self.state == State.RUNNING else self.x


@dataclass(frozen=True, slots=True)
class Life:
    """What to draw, and the same as a sentence and as steps."""

    stops: Sequence[Stop]
    done: Sequence[str]
    possible: Sequence[str]
    arrow: str
    steps: Sequence["Step"]
    sentence: str


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the same story as a list."""

    state: State
    words: str
    at: datetime | None


def life(job: Job, attempts: Sequence[Attempt], *, ends_in: timedelta | None, now: datetime) -> Life:
    """Draw a job's life from its row and its earlier attempts, the oldest first."""
    state = State(job.state)
    came_back = [attempt for attempt in attempts if not _ended_with(job, attempt)]
    told = steps(job, came_back)
    return Life(
        stops=[_stop(job, place, came_back, ends_in, now) for place in _PLACES],
        done=_done(job, state, came_back),
        possible=_possible(job, state, came_back),
        arrow=_ARROW if came_back else "",
        steps=told,
        sentence=_sentence(told),
    )


def steps(job: Job, came_back: Sequence[Attempt]) -> list[Step]:
    """Tell the life as a list, the oldest first."""
    told = [Step(State.READY, "enqueued", job.enqueued_at)]
    for attempt in came_back:
        told.append(Step(State.RUNNING, f"running, attempt {attempt.number}", attempt.started_at))
        told.append(_return_step(attempt))
    state = State(job.state)
    if state == State.RUNNING or (state in ENDED and job.started_at and job.attempt > len(came_back)):
        told.append(Step(State.RUNNING, f"running, attempt {job.attempt}", job.started_at))
    if state in ENDED:
        told.append(Step(state, str(state.label), job.finished_at))
    elif state == State.SCHEDULED and not came_back:
        told.append(Step(state, "scheduled", job.run_after))
    return told


def _return_step(attempt: Attempt) -> Step:
    if attempt.outcome == Outcome.FAILED:
        return Step(State.RETRYING, "failed, retrying", attempt.ended_at)
    if attempt.outcome == Outcome.SNOOZED:
        return Step(State.SCHEDULED, "goes on later", attempt.ended_at)
    return Step(State.READY, f"{attempt.outcome}, back in line", attempt.ended_at)


def _ended_with(job: Job, attempt: Attempt) -> bool:
    """Say whether this attempt is the one the job ended with."""
    return job.has_ended and job.state != State.SUCCEEDED and attempt.number == job.attempt


def _stop(
    job: Job, state: State, came_back: Sequence[Attempt], ends_in: timedelta | None, now: datetime
) -> Stop:
    x, y = _PLACES[state]
    is_now = job.state == state
    return Stop(
        state,
        x,
        y,
        is_done=is_now or _was_passed(job, state, came_back),
        is_now=is_now,
        when=_when(job, state, came_back, ends_in, now),
    )


def _was_passed(job: Job, state: State, came_back: Sequence[Attempt]) -> bool:
    if state == State.READY:
        return job.state != State.SCHEDULED or bool(job.attempt)
    if state in (State.QUEUED, State.RUNNING):
        return job.attempt > 0
    if state == State.RETRYING:
        return any(attempt.outcome == Outcome.FAILED for attempt in came_back)
    if state == State.SCHEDULED:
        return any(attempt.outcome == Outcome.SNOOZED for attempt in came_back)
    return False


def _when(
    job: Job, state: State, came_back: Sequence[Attempt], ends_in: timedelta | None, now: datetime
) -> str:
    if state == State.READY and _was_passed(job, state, came_back):
        back = [attempt.ended_at for attempt in came_back if attempt.outcome != Outcome.FAILED]
        return _clock(job.enqueued_at) + (f", again {_clock(back[-1])}" if back else "")
    if state == State.RUNNING and job.started_at and job.attempt:
        if job.state == State.RUNNING:
            return f"attempt {job.attempt}, since {_clock(job.started_at)}"
        tries = f"{job.attempt} attempts" if job.attempt > 1 else "1 attempt"
        ended = job.finished_at or (came_back[-1].ended_at if came_back else None)
        return f"{tries}, {words.span(ended - job.started_at)}" if ended else tries
    if state == State.RETRYING and came_back:
        return _returns(came_back)
    if state == job.state and state in (State.SCHEDULED, State.RETRYING):
        return f"until {_clock(job.run_after)}"
    if state == job.state and state in ENDED:
        return _clock(job.finished_at)
    if state == State.SUCCEEDED and ends_in is not None:
        return f"about {timezone.localtime(now + ends_in):%H:%M}"
    return ""


def _returns(came_back: Sequence[Attempt]) -> str:
    failed = sum(attempt.outcome == Outcome.FAILED for attempt in came_back)
    lost = sum(attempt.outcome == Outcome.LOST for attempt in came_back)
    other = len(came_back) - failed - lost
    told = []
    if failed:
        told.append(f"failed {_times(failed)}")
    if lost:
        told.append(f"lost its worker {_times(lost)}")
    if other:
        told.append(f"handed back {_times(other)}")
    return ", ".join(told)


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")


def _done(job: Job, state: State, came_back: Sequence[Attempt]) -> list[str]:
    done = []
    if _was_passed(job, State.SCHEDULED, came_back):
        done.append(_TO_LINE)
    if job.attempt:
        done.append(_IN_LINE)
    elif state == State.QUEUED:
        done.append("M289 110H501")
    if came_back:
        done.append(_BACK)
    if state == State.CANCELLED and not job.attempt:
        done.append(_FROM_LINE_TO_CANCELLED)
    elif state in _ENDS:
        done.append(_ENDS[state])
    return done


def _possible(job: Job, state: State, came_back: Sequence[Attempt]) -> list[str]:
    if state in ENDED:
        return []
    possible = list(_ENDS.values())
    if state == State.SCHEDULED and not came_back:
        possible.append(_TO_LINE)
    if not job.attempt:
        possible.append("M519 110H721" if state == State.QUEUED else _IN_LINE)
    return possible


def _clock(moment: datetime | None) -> str:
    return f"{timezone.localtime(moment):%H:%M:%S}" if moment else ""


def _sentence(told: Sequence[Step]) -> str:
    return "Life of this job: " + ", ".join(f"{step.words} {_clock(step.at)}".strip() for step in told) + "."

