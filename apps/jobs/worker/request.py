"""A message of ours as a worker holds it.  Named by JobTask."""

from typing import Any

from celery.worker.request import Request


class ShownRequest(Request):
    """Celery's request, which tells people the arguments of the job and not those of the message."""

    def info(self, safe: bool = False) -> Any:  # noqa: ARG002  # the stubs keep its type to themselves
        """Return what `inspect` and Flower show: the arguments as the message has them for people, masked.

        Those in its body, which Celery would show, are none: a message carries ids.
        """
        return super().info(safe=True)
