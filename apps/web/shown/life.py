"""The life of a job as a line with stops: the way it went is solid, what can still happen is dotted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils import timezone

from apps.jobs.models import Attempt, Job
from apps.jobs.states import ENDED, SLEEPING, Outcome, State
from apps.lib import words
from apps.web.shown.state_words import state_word
from apps.web.shown.steps import Step, came_back, steps
from apps.web.shown.verdict import Verdict

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
_TO_BROKER = "M289 110H501"
_TO_WORKER = "M519 110H721"
_BACK = "M724 103C670 8 340 8 289 98"
_ARROW = "M302 88L288 100L283 82"
_ENDS = {
    State.SUCCEEDED: "M739 110H911",
    State.CANCELLED: "M735 118C760 176 820 186 911 186",
    State.DEAD: "M733 119C750 240 830 254 911 254",
}
_STRAIGHT_TO_CANCELLED = "M288 115C345 150 350 230 460 226C640 220 760 190 911 186"


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop of the line."""

    state: State
    is_done: bool
    is_now: bool
    when: str
    verdict: Verdict | None = None

    @property
    def word(self) -> str:
        """Return the word that is drawn beside it."""
        if self.verdict is not None:
            return self.verdict.short
        return "about to start" if self.state == State.QUEUED else state_word(self.state)

    @property
    def name(self) -> str:
        """Return the state's name, by which it is coloured."""
        return self.verdict.tone if self.verdict else str(self.state.label)

    @property
    def x(self) -> float:
        """Return where it stands, from the left."""
        return _PLACES[self.state][0]

    @property
    def y(self) -> float:
        """Return where it stands, from the top."""
        return _PLACES[self.state][1]

    @property
    def text_x(self) -> float:
        """Return where its text begins or is centred."""
        return self.x + 20 if self.state == State.RUNNING else self.x

    @property
    def word_y(self) -> float:
        """Return the height of its word."""
        return {State.RETRYING: 15, State.RUNNING: 78}.get(self.state, self.y + 32)

    @property
    def when_y(self) -> float:
        """Return the height of its time."""
        return {State.RETRYING: 66, State.RUNNING: 96}.get(self.state, self.y + 50)


@dataclass(frozen=True, slots=True)
class Life:
    """What to draw; the same story as steps and as a sentence."""

    stops: Sequence[Stop]
    done: Sequence[str]
    possible: Sequence[str]
    arrow: str
    steps: Sequence[Step]
    sentence: str


@dataclass(frozen=True, slots=True)
class _Story:
    """A job with the attempts that came back."""

    job: Job
    returned: Sequence[Attempt]
    ends_at: datetime | None  # estimated

    def has(self, outcome: Outcome) -> bool:
        return any(attempt.outcome == outcome for attempt in self.returned)


def life(job: Job, attempts: Sequence[Attempt], *, ends_in: timedelta | None, now: datetime) -> Life:
    """Draw a job's life from its row and its earlier attempts, the oldest first."""
    returned = came_back(job, attempts)
    story = _Story(job, returned, now + ends_in if ends_in is not None else None)
    told = steps(job, returned)
    return Life(
        stops=[_stop(story, state) for state in _PLACES],
        done=_done(story),
        possible=_possible(story),
        arrow=_ARROW if returned else "",
        steps=told,
        sentence=_sentence(told),
    )


def judged(drawn: Life, verdict: Verdict | None) -> Life:
    """Return the drawing of a job that ended with a verdict."""
    if verdict is None:
        return drawn
    told = [
        replace(step, words=verdict.words, state=verdict.like) if step.state == State.SUCCEEDED else step
        for step in drawn.steps
    ]
    stops = [replace(stop, verdict=verdict) if stop.is_now else stop for stop in drawn.stops]
    return replace(drawn, stops=stops, steps=told, sentence=_sentence(told))


def _stop(story: _Story, state: State) -> Stop:
    is_now = story.job.state == state
    return Stop(state, is_now or _was_passed(story, state), is_now, _WHEN[state](story))


def _was_passed(story: _Story, state: State) -> bool:
    if state == State.READY:
        return story.job.state != State.SCHEDULED or story.job.attempt > 0
    if state in (State.QUEUED, State.RUNNING):
        return story.job.attempt > 0
    if state == State.RETRYING:
        return story.has(Outcome.FAILED)
    return state == State.SCHEDULED and story.has(Outcome.SNOOZED)


def _done(story: _Story) -> list[str]:
    job, state = story.job, State(story.job.state)
    done = [_TO_LINE] if _was_passed(story, State.SCHEDULED) else []
    if job.attempt or state == State.QUEUED:
        done.append(_TO_BROKER)
    if job.attempt:
        done.append(_TO_WORKER)
    if story.returned:
        done.append(_BACK)
    if state in _ENDS:
        done.append(_ENDS[state] if job.attempt else _STRAIGHT_TO_CANCELLED)
    return done


def _possible(story: _Story) -> list[str]:
    job, state = story.job, State(story.job.state)
    if state in ENDED:
        return []
    possible = list(_ENDS.values())
    if state == State.SCHEDULED and not story.returned:
        possible.append(_TO_LINE)
    if not job.attempt:
        possible += [_TO_WORKER] if state == State.QUEUED else [_TO_BROKER, _TO_WORKER]
    return possible


def _when_ready(story: _Story) -> str:
    if not _was_passed(story, State.READY):
        return ""
    back = [attempt.ended_at for attempt in story.returned if attempt.outcome != Outcome.FAILED]
    return _clock(story.job.enqueued_at) + (f", again {_clock(back[-1])}" if back else "")


def _when_running(story: _Story) -> str:
    job = story.job
    if not job.attempt:
        return ""
    if job.state == State.RUNNING:
        return f"attempt {job.attempt}, since {_clock(job.started_at)}"
    tries = words.count(job.attempt, "attempt")
    ended = job.finished_at or (story.returned[-1].ended_at if story.returned else None)
    return f"{tries}, {words.span(ended - job.started_at)}" if ended and job.started_at else tries


def _when_retrying(story: _Story) -> str:
    if story.job.state == State.RETRYING:
        return f"until {_clock(story.job.run_after)}"
    outcomes = [attempt.outcome for attempt in story.returned]
    failed, lost = outcomes.count(Outcome.FAILED), outcomes.count(Outcome.LOST)
    other = len(outcomes) - failed - lost
    told = [f"failed {_times(failed)}"] if failed else []
    told += [f"worker lost {_times(lost)}"] if lost else []
    told += [f"postponed {_times(other)}"] if other else []
    return ", ".join(told)


def _when_asleep(story: _Story) -> str:
    if story.job.waits_for_its_batch:
        return "until its batch has ended"
    return f"until {_clock(story.job.run_after)}" if story.job.state in SLEEPING else ""


def _when_succeeded(story: _Story) -> str:
    if story.ends_at is not None:
        return f"about {timezone.localtime(story.ends_at):%H:%M}"
    return _when_ended(story) if story.job.state == State.SUCCEEDED else ""


def _when_ended(story: _Story) -> str:
    return _clock(story.job.finished_at)


_WHEN: dict[State, Callable[[_Story], str]] = {
    State.SCHEDULED: lambda story: _when_asleep(story) if story.job.state == State.SCHEDULED else "",
    State.READY: _when_ready,
    State.QUEUED: lambda _: "",
    State.RUNNING: _when_running,
    State.RETRYING: _when_retrying,
    State.SUCCEEDED: _when_succeeded,
    State.CANCELLED: lambda story: _when_ended(story) if story.job.state == State.CANCELLED else "",
    State.DEAD: lambda story: _when_ended(story) if story.job.state == State.DEAD else "",
}


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")


def _clock(moment: datetime | None) -> str:
    return f"{timezone.localtime(moment):%H:%M:%S}" if moment else ""


def _sentence(told: Sequence[Step]) -> str:
    return "Life of this job: " + ", ".join(f"{step.words} {_clock(step.at)}".strip() for step in told) + "."
