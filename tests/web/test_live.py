"""Streams: they speak when something changed, end at the end, and share one connection."""

import asyncio
import json

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from apps.accounts.models import User
from apps.jobs import transitions
from apps.web.live import stream
from apps.web.live.marks import Topic, version_of
from apps.web.pages.live import live_job, live_jobs
from apps.web.parts import TEMPLATES
from tests.jobs import steps
from tests.web.people import own, person, wrote
from tests.web.streams import Listener, listen, spoke


@pytest.mark.usefixtures("committed", "quick")
class TestAStream:
    def test_shows_each_step_and_ends_with_the_job(self) -> None:
        claim = steps.running()
        tom = person()
        own(claim.id, tom)

        async def watch() -> None:
            async with listen(live_job, tom, job_id=claim.id) as chunks:
                heard = Listener(chunks)
                assert "head" in (await heard.next("frame"))["parts"]
                await sync_to_async(spoke)(claim, 42)
                frame = await heard.next("frame")
                while "(42 %)" not in frame["parts"].get("progress", ""):
                    frame = await heard.next("frame")
                assert frame["title"] == "(42 %) kinds.add"
                assert "life" not in frame["parts"], "only what changed is sent"
                await sync_to_async(transitions.succeed)(claim, None)
                while not frame["ended"]:
                    frame = await heard.next("frame")
                assert "state is-succeeded" in frame["parts"]["head"]
                await heard.next("end")
                assert await heard.rest() == []

        async_to_sync(watch)()

    def test_of_an_ended_job_says_so_once(self) -> None:
        claim = steps.running()
        tom = person()
        own(claim.id, tom)
        transitions.succeed(claim, None)

        async def watch() -> None:
            async with listen(live_job, tom, job_id=claim.id) as chunks:
                heard = Listener(chunks)
                assert (await heard.next("frame"))["ended"]
                await heard.next("end")

        async_to_sync(watch)()

    def test_brings_new_log_lines(self) -> None:
        claim = steps.running()
        tom = person()
        job = own(claim.id, tom)

        async def watch() -> None:
            async with listen(live_job, tom, job_id=claim.id) as chunks:
                heard = Listener(chunks)
                await heard.next("frame")
                await sync_to_async(wrote)(job, "</script><b>hello</b>")
                frame = await heard.next("frame")
                while "log" not in frame["parts"]:
                    frame = await heard.next("frame")
                assert "&lt;b&gt;hello" in frame["parts"]["log"]

        async_to_sync(watch)()

    def test_keeps_the_line_open_while_nothing_happens(self) -> None:
        tom = person()

        async def watch() -> None:
            async with listen(live_jobs, tom) as chunks:
                heard = Listener(chunks)
                await heard.next("frame")
                await heard.next("comment")

        async_to_sync(watch)()

    def test_of_my_jobs_shows_one_that_was_started_elsewhere(self) -> None:
        tom = person()

        async def watch() -> None:
            async with listen(live_jobs, tom) as chunks:
                heard = Listener(chunks)
                assert "No jobs yet" in (await heard.next("frame"))["parts"]["jobs"]
                await sync_to_async(lambda: own(steps.enqueued(subject="later.csv"), tom))()
                frame = await heard.next("frame")
                while "later.csv" not in frame["parts"].get("jobs", ""):
                    frame = await heard.next("frame")
                assert "1 job waiting" in frame["said"]

        async_to_sync(watch)()

    def test_ends_after_a_while_and_asks_the_page_to_come_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stream, "LIFETIME_S", 0.5)
        tom = person()

        async def watch() -> None:
            async with listen(live_jobs, tom) as chunks:
                assert (await Listener(chunks).rest())[-1] == "event: again\ndata:\n\n"

        async_to_sync(watch)()

    def test_ends_when_the_right_to_look_is_gone(self) -> None:
        claim = steps.running()
        tom = person()
        own(claim.id, tom)

        async def watch() -> None:
            async with listen(live_job, tom, job_id=claim.id) as chunks:
                heard = Listener(chunks)
                await heard.next("frame")
                await sync_to_async(own)(claim.id, await sync_to_async(person)("other@aldervale.example"))
                frame = await heard.next("frame")
                while not frame["ended"]:
                    frame = await heard.next("frame")
                assert frame["parts"] == {}

        async_to_sync(watch)()

    def test_says_nothing_while_its_page_is_still_right(self) -> None:
        claim = steps.running()
        tom = person()
        own(claim.id, tom)
        shown = version_of(Topic(job_id=claim.id))

        async def watch() -> None:
            async with listen(live_job, tom, f"?mark={shown}", job_id=claim.id) as chunks:
                heard = Listener(chunks)
                await sync_to_async(spoke)(claim, 42)
                assert "(42 %)" in (await heard.next("frame"))["parts"]["progress"]

        async_to_sync(watch)()

    def test_and_forty_of_them_hold_one_connection(self, settings: Settings) -> None:
        settings.BACKLINE_STREAMS_AT_ONCE = 100
        claim = steps.running()
        tom = person()
        own(claim.id, tom)

        async def watch_all() -> None:
            async with asyncio.timeout(120), asyncio.TaskGroup() as group:
                everybody_hears = asyncio.Barrier(41)
                before = await sync_to_async(_connections)()
                for _ in range(40):
                    group.create_task(watch(everybody_hears))
                await everybody_hears.wait()
                assert await sync_to_async(_connections)() <= before + 1
                await sync_to_async(transitions.succeed)(claim, None)

        async def watch(everybody_hears: asyncio.Barrier) -> None:
            async with listen(live_job, tom, job_id=claim.id) as chunks:
                heard = Listener(chunks)
                await heard.next("frame", patience=60)
                await everybody_hears.wait()
                await heard.next("end", patience=60)

        async_to_sync(watch_all)()


def test_asking_answers_with_every_part(browser: Client, owner: User) -> None:
    job = browser.get(reverse("poll_job", args=[own(steps.running().id, owner).pk]))
    jobs = browser.get(reverse("poll_jobs"))
    assert set(json.loads(job.content)["parts"]) == set(TEMPLATES)
    assert set(json.loads(jobs.content)["parts"]) == {"jobs", "lead"}


def test_asking_again_without_news_answers_with_nothing(browser: Client) -> None:
    address = reverse("poll_jobs")
    first = browser.get(address)
    again = browser.get(address, {"seen": first.headers["X-Version"]})
    assert (first.status_code, again.status_code) == (200, 204)


def _connections() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return int(cursor.fetchone()[0])
