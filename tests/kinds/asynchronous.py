"""Bodies that are coroutines, each as a real job might be."""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta

from apps.accounts.models import User
from apps.jobs import RetryPolicy, job
from apps.jobs.models import Job
from apps.jobs.task import JobTask

_ONCE = RetryPolicy(max_attempts=1)


@job("kinds.asynchronous", bind=True, retry=_ONCE, timeout=timedelta(seconds=1))
async def asynchronous(self: JobTask[..., object], how: str) -> object:
    """Do what is asked for."""
    await asyncio.sleep(0.01)
    logging.getLogger(__name__).info("about to %s", how)
    match how:
        case "return":
            return [str(self.request.id), await Job.objects.filter(kind="kinds.asynchronous").acount()]
        case "raise":
            raise LookupError("not in stock")
        case "gather":
            return await asyncio.gather(*(asyncio.sleep(0.01, number) for number in range(3)))
        case "leave a task":
            asyncio.get_running_loop().create_task(asyncio.sleep(600))
        case "swallow":
            while True:
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(600)
        case "wait":
            await asyncio.sleep(600)
    return how


@job("kinds.asynchronous_atomic", retry=_ONCE, atomic=True)
async def asynchronous_atomic(email: str, *, fails: bool) -> None:
    """Write a row, and fail after it if asked to."""
    await User.objects.acreate(email=email)
    if fails:
        raise LookupError("not in stock")


@job("kinds.asynchronous_for_ever", retry=_ONCE, timeout=timedelta(hours=1))
async def asynchronous_for_ever() -> None:
    """Wait until cancelled."""
    await asyncio.sleep(3600)
