"""A stream ends as soon as its viewer may not look any more."""

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.sessions.models import Session

from apps.accounts.models import User
from apps.web.pages.live import live_job, live_jobs
from tests.jobs import steps
from tests.web.people import own, person
from tests.web.streams import Listener, listen, spoke

pytestmark = pytest.mark.usefixtures("committed", "quick")


@pytest.mark.parametrize("how", ["logged out", "made inactive", "new password", "no right any more"])
def test_stream_ends_when_its_viewer_may_not_look_any_more(how: str) -> None:
    claim = steps.running()
    viewer = person(permissions=("view_job",))

    def withdraw() -> None:
        match how:
            case "logged out":
                Session.objects.all().delete()
            case "made inactive":
                User.objects.update(is_active=False)
            case "new password":
                viewer.set_password("another sentence")
                viewer.save()
            case _:
                viewer.user_permissions.clear()
        spoke(claim, 66)

    async def watch() -> None:
        async with listen(live_job, viewer, job_id=claim.id) as chunks:
            stream = Listener(chunks)
            assert "head" in (await stream.next("frame"))["parts"]
            await sync_to_async(withdraw)()
            last = await stream.next("frame")
            assert (last["parts"], last["step"], last["ended"]) == ({}, "gone", True)
            await stream.next("end")

    async_to_sync(watch)()


def test_list_of_jobs_ends_with_the_session() -> None:
    viewer = person()
    first = steps.enqueued(subject="first.csv")
    own(first, viewer)

    async def watch() -> None:
        async with listen(live_jobs, viewer) as chunks:
            stream = Listener(chunks)
            assert "first.csv" in (await stream.next("frame"))["parts"]["jobs"]
            await sync_to_async(Session.objects.all().delete)()
            await sync_to_async(lambda: own(steps.enqueued(subject="later.csv"), viewer))()
            last = await stream.next("frame")
            assert (last["parts"], last["ended"]) == ({}, True)

    async_to_sync(watch)()
