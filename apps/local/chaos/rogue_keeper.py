"""Do the keeper's duties without asking for the lead, as a keeper would that believes it still leads."""

import time

import django

django.setup()

from django.db import DatabaseError, connection  # noqa: E402  # needs Django set up

from apps.jobs import transitions  # noqa: E402
from apps.jobs.keeper import relay, rescue  # noqa: E402
from apps.jobs.messages import broker  # noqa: E402


def misrule() -> None:
    """Relay, send again, release and rescue, again and again."""
    fill_windows = relay.Relay()
    with broker.connected() as producer:
        while True:
            try:
                fill_windows(producer)
                relay.republish(producer)
                transitions.release()
                rescue.rescue()
            except DatabaseError:
                connection.close()
            time.sleep(0.05)


if __name__ == "__main__":
    misrule()
