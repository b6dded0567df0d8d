"""The stream of server-sent events behind a live page."""

import asyncio
from collections.abc import AsyncIterator, Callable

from django.db import DatabaseError
from django.http import StreamingHttpResponse

from apps.web.live.frame import Frame, Sent
from apps.web.live.marks import Mark, Topic
from apps.web.live.thread import on_live_thread
from apps.web.live.watch import poller

HEARTBEAT_S = 15.0
LIFETIME_S = 300.0  # then the browser asks again, and its right to look is checked again
_BETWEEN_FRAMES_S = 0.5
_CLOCK_S = 5.0  # how often words such as "running 12 s" are looked at without another reason
_LINE_MOVES_S = 1.0
_LAST_LOOK_S = 1.0  # after the end: a worker writes the last log lines of a failed job behind its outcome

Draw = Callable[[Mark | None, Mark], Frame]


def event_stream(topic: Topic, draw: Draw, *, shown: str = "") -> StreamingHttpResponse:
    """Answer with a stream that ends when there is nothing more to see.

    ``shown`` is the version of the mark that the browser's page was drawn from.
    """
    response = StreamingHttpResponse(events(topic, draw, shown), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def events(topic: Topic, draw: Draw, shown: str = "") -> AsyncIterator[str]:
    """Yield an event for each change of a topic; ``draw`` renders what changed between two marks."""
    loop = asyncio.get_running_loop()
    ends_at, beat_at = loop.time() + LIFETIME_S, loop.time() + HEARTBEAT_S
    seen: Mark | None = None
    sent, is_over = Sent(), False
    async with poller().watch(topic) as watch:
        while loop.time() < ends_at:
            mark = await watch.next(_LAST_LOOK_S if is_over else _patience(seen))
            is_shown = mark is None or (seen is None and mark.version == shown and not _is_final(topic, mark))
            frame = None if mark is None or is_shown else await _drawn(draw, seen, mark)
            if frame is not None and (news := sent.news(frame)):
                yield f"event: frame\ndata: {news.to_json()}\n\n"
                beat_at = loop.time() + HEARTBEAT_S
            elif loop.time() >= beat_at:
                yield ": still here\n\n"
                beat_at = loop.time() + HEARTBEAT_S
            if frame is not None:
                if frame.ended and is_over:
                    yield "event: end\ndata:\n\n"
                    return
                is_over = frame.ended
            seen = mark if frame is not None or is_shown else seen
            await asyncio.sleep(_BETWEEN_FRAMES_S)
    yield "event: again\ndata:\n\n"


async def _drawn(draw: Draw, seen: Mark | None, mark: Mark) -> Frame | None:
    try:
        return await on_live_thread(draw, seen, mark)
    except DatabaseError:
        return None  # the poller logs it; the next look draws from the same mark again


def _is_final(topic: Topic, mark: Mark) -> bool:
    return topic.job_id is not None and mark.all_ended


def _patience(mark: Mark | None) -> float:
    if mark is not None and mark.any_waits:
        return _LINE_MOVES_S
    return HEARTBEAT_S if mark is not None and mark.all_ended else _CLOCK_S
