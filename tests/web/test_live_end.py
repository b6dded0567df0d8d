"""The end of a stream: nothing of what was before stays on the page."""

import threading
from collections.abc import Callable, Collection

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import OperationalError

from apps.jobs import transitions
from apps.jobs.states import State
from apps.jobs.transitions import Claim
from apps.web.live import watch as watching
from apps.web.live.frame import Frame
from apps.web.live.marks import JobMark, Mark, Topic, read_marks, version_of
from apps.web.pages import live
from apps.web.pages.live import live_job
from apps.web.parts import TEMPLATES
from apps.web.shown.page import JobPage
from tests.jobs import steps
from tests.web.people import own, person, wrote
from tests.web.streams import Listener, listen


def _succeed(claim: Claim) -> None:
    transitions.succeed(claim, None)


def _bury(claim: Claim) -> None:
    transitions.bury(claim, steps.TROUBLE, {})


def _cancel(claim: Claim) -> None:
    transitions.stop(claim)


def _marks_of_a_running_job(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Once the event is set, let the watch see jobs as running: as if they ended just after it looked."""
    frozen = threading.Event()
    real = read_marks

    def read(topics: Collection[Topic]) -> dict[Topic, Mark]:
        found = real(topics)
        if not frozen.is_set():
            return found
        return {topic: Mark(tuple(map(_still_running, mark.jobs))) for topic, mark in found.items()}

    monkeypatch.setattr(watching, "read_marks", read)
    return frozen


def _still_running(mark: JobMark) -> JobMark:
    return mark._replace(state=State.RUNNING, cancel_requested_at=None)


def _refused_drawings(monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    """Raise each error that is put into the list at the next drawing."""
    waiting: list[Exception] = []
    real = live.job_frame

    def draw(page: JobPage, names: list[str] | None = None) -> Frame:
        if waiting:
            raise waiting.pop()
        return real(page, names)

    monkeypatch.setattr(live, "job_frame", draw)
    return waiting


@pytest.mark.usefixtures("committed", "quick")
class TestTheEndOfAStream:
    @pytest.mark.parametrize("end", [_succeed, _bury, _cancel], ids=["succeeded", "dead", "cancelled"])
    def test_draws_every_part_at_the_end_when_the_job_is_ahead_of_its_mark(
        self, end: Callable[[Claim], object], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        claim = steps.running()
        tom = person()
        job = own(claim.id, tom)
        frozen = _marks_of_a_running_job(monkeypatch)

        async def observe() -> None:
            async with listen(live_job, tom, job_id=claim.id) as chunks:
                heard = Listener(chunks)
                before = await heard.next("frame")
                frozen.set()
                await sync_to_async(wrote)(job, "the last line")
                await sync_to_async(end)(claim)
                frame = await heard.next("frame")
                drawn = before["parts"] | frame["parts"]
                while not frame["ended"]:
                    frame = await heard.next("frame")
                    drawn |= frame["parts"]
                assert "Attempt 1, running" not in drawn["attempts"]
                assert "the last line" in drawn["log"]
                assert "Cancel job" not in drawn["head"]
                await heard.next("end")

        async_to_sync(observe)()

    def test_brings_log_lines_that_follow_the_end(self) -> None:
        claim = steps.running()
        tom = person()
        job = own(claim.id, tom)

        async def observe() -> None:
            async with listen(live_job, tom, job_id=claim.id) as chunks:
                heard = Listener(chunks)
                await sync_to_async(_bury)(claim)
                frame = await heard.next("frame")
                while not frame["ended"]:
                    frame = await heard.next("frame")
                await sync_to_async(wrote)(job, "written behind the outcome")
                assert "written behind the outcome" in (await heard.next("frame"))["parts"]["log"]
                await heard.next("end")

        async_to_sync(observe)()

    def test_draws_again_what_the_database_refused_to_show(self, monkeypatch: pytest.MonkeyPatch) -> None:
        claim = steps.running()
        tom = person()
        own(claim.id, tom)
        refusals = _refused_drawings(monkeypatch)

        async def observe() -> None:
            async with listen(live_job, tom, job_id=claim.id) as chunks:
                heard = Listener(chunks)
                await heard.next("frame")
                refusals.append(OperationalError("away"))
                await sync_to_async(transitions.cancel)(claim.id)
                assert "Stops at its next safe point" in (await heard.next("frame"))["parts"]["head"]
                assert not refusals

        async_to_sync(observe)()

    def test_of_a_page_drawn_at_the_very_end_ends_too(self) -> None:
        claim = steps.running()
        tom = person()
        own(claim.id, tom)
        transitions.succeed(claim, None)
        shown = version_of(Topic(job_id=claim.id))

        async def observe() -> None:
            async with listen(live_job, tom, f"?mark={shown}", job_id=claim.id) as chunks:
                heard = Listener(chunks)
                assert set((await heard.next("frame"))["parts"]) == set(TEMPLATES)
                await heard.next("end")

        async_to_sync(observe)()
