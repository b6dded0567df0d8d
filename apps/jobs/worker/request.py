"""A message as a worker holds it and shows it in events, logs and `inspect`, without secrets."""

from collections.abc import Iterable
from typing import Any

from celery.exceptions import Ignore
from celery.worker.request import Request

from apps.jobs import plain_calls
from apps.jobs.running import failures
from apps.jobs.running.failures import Failure

_SHOWN_IN_EVENTS = ("result", "exception", "traceback")


class MaskedRequest(Request):
    """Celery's request of a plain task, which shows its arguments, result and error without secrets."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Mask the texts of the arguments, also for the process that stores the result."""
        super().__init__(*args, **options)
        texts = plain_calls.masked_texts(self.task.run, self.argsrepr, self.kwargsrepr)
        self._argsrepr, self._kwargsrepr = texts
        self.request_dict.update(argsrepr=texts[0], kwargsrepr=texts[1])

    def info(self, safe: bool = False) -> Any:
        """Return what `inspect` and Flower show."""
        found: dict[str, Any] = dict(super().info(safe))
        if not safe:
            args, kwargs = plain_calls.shown(self.task.run, found["args"] or (), found["kwargs"] or {})
            found |= {"args": list(args), "kwargs": kwargs}
        return found

    def send_event(self, type: str, **fields: Any) -> None:  # noqa: A002  # Celery's name
        """Send an event without secrets."""
        for name in _SHOWN_IN_EVENTS:
            if isinstance(fields.get(name), str):
                fields[name] = plain_calls.masked_text(fields[name])
        super().send_event(type, **fields)


class ShownRequest(Request):
    """Celery's request, which shows people the jobs of a message and not the message.  Named by JobTask."""

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
        self._send_failures(failed)

    def on_failure(self, exc_info: Any, *args: Any, **options: Any) -> Any:  # as in Celery
        """Send the ends of the jobs of a stale message; Celery sends no event of an ignored one."""
        error = getattr(exc_info.exception, "exc", exc_info.exception)
        if isinstance(error, Ignore):
            self.send_ends(str(error))
        return super().on_failure(exc_info, *args, **options)

    def send_ends(self, text: str) -> None:
        """Send the events that the text of a stale message carries."""
        self._send_failures(failures.read(text)[1])

    def _send_failures(self, failed: Iterable[Failure]) -> None:
        for failure in failed:
            if failure.event:
                self._send_failure(failure, is_first=failure.job_id == str(self.id))

    def _send_failure(self, failure: Failure, *, is_first: bool) -> None:
        eventer = self.eventer
        if not (eventer and eventer.enabled and self.task.send_events):
            return
        if not is_first:  # of the first the message's own events named the kind
            known = {"name": self.name, "args": failure.args, "kwargs": "{}", "retries": failure.retries}
            eventer.send("task-received", uuid=failure.job_id, **known)
            eventer.send("task-started", uuid=failure.job_id)
        if failure.event == "task-revoked":
            at = {"timestamp": failure.ended_at} if failure.ended_at else {}
            how = {"terminated": False, "signum": None, "expired": failure.expired}
            eventer.send(failure.event, uuid=failure.job_id, **how, **at)
        else:
            said = {"exception": failure.exception, "traceback": failure.traceback}
            eventer.send(failure.event, uuid=failure.job_id, **said)
