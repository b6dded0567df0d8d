"""Ask contradictory things of the same jobs from sixteen threads."""

import random
import sys
import threading
from uuid import UUID

import django

django.setup()

from django.db import DatabaseError, connection  # noqa: E402  # needs Django set up

from apps.jobs import transitions  # noqa: E402

_THREADS, _EACH = 16, 60
_ASKED = (
    transitions.cancel,
    lambda job: transitions.release_now([job]),
    lambda job: transitions.replay([job]),
)


def rage(ids: list[UUID]) -> None:
    """Cancel, release and replay whatever comes, again and again."""
    for _ in range(_EACH):
        job = random.choice(ids)
        try:
            random.choice(_ASKED)(job)
        except DatabaseError:
            connection.close()
    connection.close()


if __name__ == "__main__":
    jobs = [UUID(word) for word in sys.stdin.readline().split()]
    threads = [threading.Thread(target=rage, args=(jobs,)) for _ in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
