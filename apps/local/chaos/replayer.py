"""Begin to replay jobs slowly, two a second, so that the keeper is seen at it."""

import sys
from uuid import UUID

import django

django.setup()

from apps.jobs.operating.dead_letters import Filter  # noqa: E402  # needs Django set up, as below
from apps.jobs.operating.replay import Pace, replay  # noqa: E402

_CAREFULLY = Pace(per_minute=120, stop_at_percent=100)

if __name__ == "__main__":
    jobs = tuple(UUID(word) for word in sys.stdin.readline().split())
    replay(Filter(ids=jobs), actor=None, reason="a crash point lies on the way", pace=_CAREFULLY)
