"""A traceback on a page: the engine is folded, the team's own code is found at a glance."""

import traceback
from pathlib import Path

import pytest
from django.conf import settings

from apps.jobs.admin.traceback_shown import Origin, blocks_of, drawn
from apps.jobs.running.trouble import describe

APP = "/srv/app"


def frame(path: str, function: str) -> str:
    return f'  File "{path}", line 7, in {function}\n    return {function}()\n           ^^^^^^^^\n'


def text(*frames: str, error: str = "ValueError: no") -> str:
    return "Traceback (most recent call last):\n" + "".join(frames) + error + "\n"


ENGINE = [frame(f"{APP}/apps/jobs/running/{name}.py", name) for name in ("run", "attempt")]
CELERY = frame("/venv/lib/python3.11/site-packages/celery/app/trace.py", "trace_task")
LIBRARY = frame("/venv/lib/python3.11/site-packages/requests/api.py", "get")
TEAM = [frame(f"{APP}/tasks/shop/{name}.py", name) for name in ("prices", "fetch")]


def test_the_engine_is_one_block_and_the_first_frame_of_the_team_is_marked() -> None:
    blocks = blocks_of(text(CELERY, *ENGINE, *TEAM, LIBRARY))
    assert [(block.origin, block.frames, block.is_first) for block in blocks] == [
        (Origin.TEXT, 0, False),
        (Origin.ENGINE, 3, False),
        (Origin.TEAM, 1, True),
        (Origin.TEAM, 1, False),
        (Origin.LIBRARY, 1, False),
        (Origin.TEXT, 0, False),
    ]
    assert "\n".join(block.text for block in blocks) == text(CELERY, *ENGINE, *TEAM, LIBRARY).rstrip("\n")


@pytest.mark.parametrize(
    "joint",
    [
        "The above exception was the direct cause of the following exception:",
        "During handling of the above exception, another exception occurred:",
    ],
)
def test_a_cause_and_a_context_are_kept_and_marked_too(joint: str) -> None:
    whole = f"{text(TEAM[1], error='OSError: away')}\n{joint}\n\n{text(*ENGINE, TEAM[0])}"
    blocks = blocks_of(whole)
    assert [block.text.split('"')[1] for block in blocks if block.is_first] == [
        f"{APP}/tasks/shop/fetch.py",
        f"{APP}/tasks/shop/prices.py",
    ]
    page = drawn(whole)
    assert joint in page
    assert "OSError: away" in page
    assert page.count("<details>") == 1


def test_what_the_ledger_keeps_of_a_real_chain_is_read() -> None:
    try:
        try:
            int("x")
        except ValueError as error:
            raise RuntimeError("<b>bad</b>") from error
    except RuntimeError as error:
        kept, whole = describe(error).traceback, "".join(traceback.format_exception(error))
    assert kept == whole
    firsts = [block for block in blocks_of(kept) if block.is_first]
    assert len(firsts) == 2
    assert str(Path(settings.BASE_DIR) / "tests") in firsts[0].text
    assert "direct cause" in drawn(kept)
    assert "<b>" not in drawn(kept)


@pytest.mark.parametrize("odd", ["", "no traceback at all", "Traceback (most recent call last):", "  File"])
def test_any_text_is_shown(odd: str) -> None:
    assert "\n".join(block.text for block in blocks_of(odd)) == odd
