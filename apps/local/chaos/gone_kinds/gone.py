"""A job type that was removed while its jobs wait."""

from apps.jobs import job


@job("chaos.gone")
def gone() -> None:
    """Do what nobody can do any more."""
