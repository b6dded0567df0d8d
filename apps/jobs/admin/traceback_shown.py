"""The traceback of a dead job on its page: engine frames folded, the first frame of the team marked."""

import re
from dataclasses import dataclass, field
from enum import Enum, auto

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

_FRAME = re.compile(r'^[ |]*File "(?P<path>[^"]+)", line \d+, in ')
_HEAD = "Traceback (most recent call last):"
_ENGINE = re.compile(r"(?:^|/)apps/jobs/|/(?:celery|billiard|kombu)/|/concurrent/futures/")
_LIBRARY = re.compile(r"/(?:site|dist)-packages/|/lib(?:64)?/python3|^<")


class Origin(Enum):
    """Where the code of a frame comes from."""

    ENGINE = auto()
    LIBRARY = auto()
    TEAM = auto()
    TEXT = auto()  # no frame: heads, exceptions, what joins a cause to its effect


@dataclass(slots=True)
class Block:
    """Lines of one origin that stand together."""

    origin: Origin
    lines: list[str] = field(default_factory=list)
    frames: int = 0
    is_first: bool = False  # the first frame of the team's code since the last head

    @property
    def text(self) -> str:
        """Return the lines."""
        return "\n".join(self.lines)

    @property
    def is_engine(self) -> bool:
        """Tell whether the block is folded."""
        return self.origin is Origin.ENGINE


def drawn(traceback: str) -> SafeString:
    """Draw a traceback."""
    return render_to_string("admin/jobs/traceback.html", {"blocks": blocks_of(traceback)})


def blocks_of(traceback: str) -> list[Block]:
    """Split a formatted traceback, causes and contexts included, into blocks."""
    blocks: list[Block] = []
    origin, is_marked = Origin.TEXT, False
    for line in traceback.splitlines():
        frame = _FRAME.match(line)
        origin = _origin(frame["path"]) if frame else _after(origin, line)
        is_marked = is_marked and _HEAD not in line
        is_first = frame is not None and origin is Origin.TEAM and not is_marked
        if not blocks or blocks[-1].origin is not origin or is_first or (frame and blocks[-1].is_first):
            blocks.append(Block(origin, is_first=is_first))
        blocks[-1].lines.append(line)
        blocks[-1].frames += frame is not None
        is_marked = is_marked or is_first
    return blocks


def _origin(path: str) -> Origin:
    if _ENGINE.search(path):
        return Origin.ENGINE
    return Origin.LIBRARY if _LIBRARY.search(path) else Origin.TEAM


def _after(origin: Origin, line: str) -> Origin:
    """Return the origin of a line that is no frame: source and marks are deeper than their frame."""
    return origin if line.lstrip("| ") != line and line.lstrip("|").startswith("  ") else Origin.TEXT
