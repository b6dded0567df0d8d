"""Events of the installation's health: job types may listen to them."""

from apps.events import Event


class AlertOpened(Event, name="maintenance.alert_opened"):
    """Jobs did not start for half a minute, or cannot; emitted once, however long it lasts."""

    reason: str
    queue: str
    kind: str
    sentence: str
    mend: str


class AlertClosed(Event, name="maintenance.alert_closed"):
    """The cause of an alert was absent for half a minute."""

    reason: str
    queue: str
    kind: str
    sentence: str
