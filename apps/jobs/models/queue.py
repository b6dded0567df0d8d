"""Queue: stands for the page of queues and kinds in the admin, which is read when it is asked for."""

from typing import ClassVar

from apps.jobs.models.worker import Worker


class Queue(Worker):
    """What workers listen to.  No rows of its own: those of pauses have a key that the admin cannot show."""

    class Meta:
        proxy = True
        default_permissions: ClassVar = ()  # seeing is jobs.view_pause, pausing jobs.pause_queue
        verbose_name_plural = "queues and kinds"
