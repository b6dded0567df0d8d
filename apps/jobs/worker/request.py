"""A message of ours as a worker holds it.  Named by JobTask."""

from typing import Any

from celery.worker.request import Request

from apps.jobs.running import failures
from apps.jobs.running.failures import Failure


class ShownRequest(Request):
    """Celery's request, which shows people the jobs of a message and not the message."""

    def info(self, safe: bool = False) -> Any:  # noqa: ARG002  # the stubs keep its type to themselves
        """Return what `inspect` and Flower show: the arguments as the message has them for people, masked.

        Those in its body, which Celery would show, are none: a message carries ids.
        """
        return super().info(safe=True)

    def send_event(self, type: str, **fields: Any) -> None:  # noqa: A002  # Celery's name
        """Send an event; in place of a message's success, one for each of its jobs that did not end well."""
        if type != "task-succeeded":
            super().send_event(type, **fields)
            return
        text, failed = failures.read(str(fields["result"]))
        first = str(self.id)
        if first not in {failure.job_id for failure in failed}:
            super().send_event(type, **fields | {"result": text})
        for failure in failed:
            self._send_failure(failure, is_first=failure.job_id == first)

    def _send_failure(self, failure: Failure, *, is_first: bool) -> None:
        eventer = self.eventer
        if not (eventer and eventer.enabled and self.task.send_events):
            return
        if not is_first:  # of the first the message's own events named the kind
            known = {"name": self.name, "args": failure.args, "kwargs": "{}", "retries": failure.retries}
            eventer.send("task-received", uuid=failure.job_id, **known)
            eventer.send("task-started", uuid=failure.job_id)
        if failure.event == "task-revoked":
            eventer.send(failure.event, uuid=failure.job_id, terminated=False, signum=None, expired=False)
        else:
            said = {"exception": failure.exception, "traceback": failure.traceback}
            eventer.send(failure.event, uuid=failure.job_id, **said)
