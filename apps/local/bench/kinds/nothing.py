"""Do nothing, so that what is measured is the platform."""

from apps.jobs import job


@job("bench.nothing")
def nothing() -> None:
    """Do nothing."""
