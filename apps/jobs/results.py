"""Answer AsyncResult: for our jobs from the ledger, for other packages' tasks from django-celery-results.

A job's row is written where it runs, never here. Chords are counted through this class by ``settle``, in the
transaction of the job's outcome.
"""

import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from celery import states
from celery.app.task import Context
from celery.canvas import maybe_signature
from celery.exceptions import NotRegistered, TaskRevokedError, TimeoutError  # noqa: A004  # the one that Celery's users catch
from django.db import transaction

from apps.jobs import sql, storable
from apps.jobs.canvas import canvas, expired_results
from apps.jobs.canvas.chords import ChordBackend
from apps.jobs.database_away import is_away
from apps.jobs.enqueuing import celery_ids
from apps.jobs.running import errbacks
from apps.jobs.states import State
from apps.jobs.task import JobTask

if TYPE_CHECKING:
    from celery.canvas import Signature

log = logging.getLogger("backline.jobs")

Meta = dict[str, Any]

_FIRST_LOOK_S, _LONGEST_S = 0.01, 0.2  # between two looks at a result: short jobs are answered at once

_STATES = {
    State.SCHEDULED: states.PENDING,
    State.READY: states.PENDING,
    State.QUEUED: states.PENDING,
    State.RUNNING: states.STARTED,
    State.RETRYING: states.RETRY,
    State.SUCCEEDED: states.SUCCESS,
    State.DEAD: states.FAILURE,
    State.CANCELLED: states.REVOKED,
}


class LedgerBackend(ChordBackend):
    """Celery's result backend of this project."""

    def wait_for(
        self,
        task_id: str,
        timeout: float | None = None,
        interval: float = 0.5,
        no_ack: bool = True,  # noqa: ARG002  # Celery's signature
        on_interval: Callable[[], None] | None = None,
    ) -> Meta:
        """Look until the task has ended: first after 10 ms, then with growing pauses up to 200 ms."""
        self._ensure_not_eager()
        give_up_at = None if timeout is None else monotonic() + timeout
        nap = _FIRST_LOOK_S
        while True:
            meta: Meta = self.get_task_meta(task_id)
            if on_interval and meta["status"] != states.SUCCESS:
                on_interval()  # raises what ended those before it: a chord's body says only that it did
            if meta["status"] in states.READY_STATES:
                return meta
            left = nap if give_up_at is None else give_up_at - monotonic()
            if left <= 0:
                raise TimeoutError("The operation timed out.")
            time.sleep(min(nap, left))
            nap = min(nap * 1.5, interval, _LONGEST_S)

    def get_many(
        self,
        task_ids: Iterable[str],
        timeout: float | None = None,
        interval: float | None = 0.5,
        no_ack: bool = True,  # noqa: ARG002  # Celery's signature
        on_message: Callable[[Meta], None] | None = None,
        on_interval: Callable[[], None] | None = None,
    ) -> Iterator[tuple[str, Meta]]:
        """Yield the results of tasks, each when it has ended, for ``join_native`` and ``iter_native``."""
        give_up_at = None if timeout is None else monotonic() + timeout
        waiting = list(dict.fromkeys(task_ids))
        while waiting:
            ended = {task_id: self.get_task_meta(task_id) for task_id in waiting}
            ended = {
                task_id: meta for task_id, meta in ended.items() if meta["status"] in states.READY_STATES
            }
            for task_id, meta in ended.items():
                if on_message:
                    on_message(meta)
                yield task_id, meta
            waiting = [task_id for task_id in waiting if task_id not in ended]
            if not waiting:
                return
            if on_interval:
                on_interval()
            self._nap(give_up_at, interval or _LONGEST_S)

    def _nap(self, give_up_at: float | None, interval: float) -> None:
        left = interval if give_up_at is None else give_up_at - monotonic()
        if left <= 0:
            raise TimeoutError("The operation timed out.")
        time.sleep(min(interval, _LONGEST_S, left))

    def _get_task_meta_for(self, task_id: str) -> Meta:
        if not _can_exist(task_id):
            return {
                "task_id": task_id,
                "status": states.PENDING,
                "result": None,
                "traceback": None,
                "children": [],
            }
        rows = sql.run("result_of", {"id": UUID(task_id)}) if canvas.is_time_ordered(task_id) else []
        if not rows:
            stored: Meta = super()._get_task_meta_for(task_id)
            if stored["status"] != celery_ids.REPLACED:
                return stored
            return self.get_task_meta(stored["result"]) | {"task_id": task_id}  # type: ignore[no-any-return]
        replaced_by = rows[0][8]
        if replaced_by and rows[0][0] == State.SUCCEEDED:
            return self.get_task_meta(replaced_by) | {"task_id": task_id}  # type: ignore[no-any-return]
        return self._with_own_state(task_id, _meta(task_id, *rows[0]))

    def _forget(self, task_id: str) -> None:
        if _can_exist(task_id):
            super()._forget(task_id)

    def _restore_group(self, group_id: str) -> Meta | None:
        return super()._restore_group(group_id) if _can_exist(group_id) else None

    def _delete_group(self, group_id: str) -> None:
        if _can_exist(group_id):
            super()._delete_group(group_id)

    def _with_own_state(self, task_id: str, meta: Meta) -> Meta:
        """Show the state that a running job gave itself by update_state, as long as it runs."""
        if meta["status"] == states.STARTED:
            own: Meta = super()._get_task_meta_for(task_id)
            if own["status"] not in states.ALL_STATES:
                meta |= {"status": own["status"], "result": own["result"]}
        return self.meta_from_decoded(meta)  # type: ignore[no-any-return]

    def cleanup(self) -> None:
        """Delete expired results, except those that a chord or a job of the ledger still needs."""
        if self.expires:
            expired_results.delete(timedelta(seconds=self.expires), self.decode_content)
            self.GroupModel._default_manager.delete_expired(self.expires)

    def _store_result(
        self,
        task_id: str,
        result: object,
        status: str,
        traceback: str | None = None,
        request: Context | None = None,
        using: str | None = None,
    ) -> object:
        """Store what the ledger does not: others' tasks, steps that never ran, a running job's own states."""
        if status in states.ALL_STATES and _is_in_ledger(task_id):
            return result
        return super()._store_result(task_id, result, status, traceback, request, using)

    def _call_task_errbacks(self, request: Context, exc: BaseException, traceback: object) -> None:
        """Call each errback, or have a job call it, so that one that fails undoes only what it did itself."""
        for errback in request.errbacks or ():
            one = Context(vars(request), errbacks=[errback], delivery_info=request.delivery_info or {})
            try:
                with transaction.atomic():
                    if errbacks.are_enqueued() and self._takes_error(errback):
                        errbacks.enqueue(errback, str(request.id), exc)
                    else:
                        errbacks.call_here(partial(super()._call_task_errbacks, one, exc, traceback))
            except Exception as error:
                if is_away(error):
                    raise
                log.exception("%s: its errback %s failed", request.id, errback)

    def _takes_error(self, errback: Mapping[str, Any]) -> bool:
        """Return whether Celery calls an errback with an error instead of sending it the id of the task."""
        signature = cast("Signature[Any]", maybe_signature(errback, app=self.app))
        try:
            header = getattr(signature.type, "__header__", None)
        except NotRegistered:
            return False
        return (
            header is not None
            and not isinstance(header, partial)
            and self._errback_arity_greater(signature, 1)
        )

    def _errback_arity_greater(self, errback: "Signature[Any]", n: int) -> bool:
        """Say whether an errback takes more than this; a job type's context is not given by the caller."""
        with suppress(AttributeError):
            if isinstance(errback.type, JobTask):
                given = 0 if errback.immutable else len(errback.args) + len(errback.kwargs)
                return len(errback.type.parameters.parameters) - given > n
        return bool(super()._errback_arity_greater(errback, n))


def _can_exist(result_id: object) -> bool:
    """Say whether PostgreSQL can hold an id; a query for another would break the caller's transaction."""
    return str(result_id) == storable.clean(str(result_id))


def _is_in_ledger(task_id: str) -> bool:
    return canvas.is_time_ordered(task_id) and bool(sql.run("knows", {"ids": [UUID(task_id)]}))


def _meta(  # noqa: PLR0913  # one row of the statement
    task_id: str,
    state: int,
    kind: str,
    result: str | None,
    args: str,
    failures: int,
    queue: str,
    finished_at: object,
    worker: str,
    _replaced_by: str | None,
    message: str | None,
    exception: str | None,
    error_type: str | None,
    traceback: str | None,
    done: int | None,
    total: int | None,
    note: str | None,
    children: list[UUID] | None,
) -> Meta:
    status = _STATES[State(state)]
    meta: Meta = {
        "task_id": task_id,
        "status": status,
        "result": None,
        "traceback": traceback or None,
        "children": [[[str(child), None], None] for child in children or ()],
        "date_done": finished_at,
        "name": kind,
        "args": [],
        "kwargs": json.loads(args),
        "worker": worker,
        "retries": failures,
        "queue": queue,
    }
    match status:
        case states.SUCCESS:
            meta["result"] = json.loads(result) if result is not None else None
        case states.STARTED if done is not None:
            meta["result"] = {"done": done, "total": total, "note": note}
        case states.REVOKED:
            meta["result"] = _told(TaskRevokedError, message or "It was cancelled before it started.")
        case states.FAILURE | states.RETRY:
            meta["result"] = json.loads(exception) if exception else _unknown(error_type, message)
    return meta


def _told(error: type[BaseException], message: str) -> Mapping[str, object]:
    return {"exc_type": error.__name__, "exc_message": [message], "exc_module": error.__module__}


def _unknown(error_type: str | None, message: str | None) -> Mapping[str, object]:
    """Return an exception of which the ledger kept the name only, as of a worker that died."""
    return {"exc_type": error_type or "Exception", "exc_message": [message or ""], "exc_module": "builtins"}
