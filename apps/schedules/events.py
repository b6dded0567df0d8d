"""What schedules let be known: job types may listen to it."""

from apps.events import Event


class ScheduleMissed(Event, name="schedules.missed"):
    """A schedule did not run on time, or was set aside; told once, however long it lasts."""

    schedule_id: int
    schedule: str  # its name
    reason: str


class ScheduleRecovered(Event, name="schedules.recovered"):
    """A schedule that had missed a moment is well again, switched off or gone."""

    schedule_id: int
    schedule: str
