"""Count the parts of a chord, start its body or fail it. Base class of the result backend."""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from celery import states
from celery.app.task import Context
from celery.backends.base import (  # type: ignore[attr-defined]  # not in the stubs
    _create_fake_task_request,
    _result_errbacks,
)
from celery.canvas import maybe_signature
from celery.exceptions import ChordError
from celery.result import AsyncResult, GroupResult, ResultBase
from celery.utils.functional import (  # type: ignore[attr-defined]  # not in the stubs
    _regen,
    maybe_list,
)
from django.db import transaction
from django_celery_results.backends.database import (  # type: ignore[import-untyped]  # it has no types
    DatabaseBackend,
)
from django_celery_results.models import ChordCounter  # type: ignore[attr-defined]  # not in the stubs

from apps.jobs.canvas.unrun import tasks_of
from apps.jobs.database_away import is_away

if TYPE_CHECKING:
    from celery.canvas import Signature

log = logging.getLogger("backline.jobs")


class ChordBackend(DatabaseBackend):  # type: ignore[misc]  # it has no types
    """Result backend that counts a chord by the parts that report, as Celery's Redis backend does."""

    def apply_chord(
        self,
        header_result_args: tuple[str, Sequence[ResultBase]],
        body: "Signature[Any]",
        **_options: object,
    ) -> None:
        """Insert the counter of a chord; start the body of a header without any task at once."""
        group_id, results = header_result_args
        parts = [part for result in results for part in _parts(result)]
        # of a generator, Celery hands over the results side by side, whatever nests them
        header = self.app.GroupResult(group_id, parts if isinstance(results, _regen) else list(results))
        if not parts:
            self._start_body(body, header)
            return
        ChordCounter.objects.create(
            group_id=header.id,
            sub_tasks=json.dumps([result.as_tuple() for result in header.results]),
            count=len(parts),
        )

    def on_chord_part_return(self, request: Context, state: str, result: object, **_options: object) -> None:
        """Count one part; the last one starts the body."""
        if not request.group or not request.id:
            return
        if request.ignore_result:  # the body needs it
            self.store_result(request.id, result, state, request=request)
        header = self._counted(request.group)
        if header is not None:
            body = maybe_signature(cast("Mapping[str, Any]", request.chord), app=self.app)
            self._start_body(cast("Signature[Any]", body), header)

    def chord_error_from_stack(self, callback: "Signature[Any]", exc: BaseException | None = None) -> object:
        """Fail the body of a chord, and with it the chord that the body reports to."""
        answer = super().chord_error_from_stack(callback, exc)
        error = (exc and exc.__cause__) if callback.subtask_type == "group" else exc
        self._fail_chain([callback], error or exc)
        return answer

    def _handle_group_chord_error(
        self,
        group_callback: "Signature[Any]",
        backend: object,  # noqa: ARG002  # Celery's signature
        exc: BaseException | None = None,
    ) -> None:
        """Call the errbacks of a group that is a body, those of each task and of the group once.

        Celery's own revokes the tasks as well: they were never sent, and a worker that receives the revoke
        before the commit would write REVOKED over the failure.
        """
        error = (exc and exc.__cause__) or exc
        of_group = maybe_list(group_callback.options.get("link_error")) or []
        for task in group_callback.kwargs["tasks"]:
            task_id, own = _result_errbacks(task, self.app)
            errbacks = own + [errback for errback in of_group if errback not in own]
            self._call_task_errbacks(_create_fake_task_request(task_id, errbacks), error, None)

    def _fail_chain(
        self,
        chain: Iterable[Mapping[str, Any]] | None,
        exc: BaseException | None,
        traceback: object = None,
        store_result: bool = True,
        state: str = states.FAILURE,
    ) -> None:
        """Fail each task that will never run; one that is part of a chord reports to it."""
        for step in tasks_of(chain or ()):
            options = step["options"]
            request = Context(dict(step))
            request.update(options)
            request.update(id=options.get("task_id"), group=options.get("group_id"))
            if request.id and store_result and state in states.PROPAGATE_STATES:
                self.store_result(request.id, exc, state, traceback=traceback, request=request)
            if request.chord:
                self.on_chord_part_return(request, state, exc)

    def _counted(self, group_id: str) -> GroupResult | None:
        """Count one part and return the header if it was the last.

        A part that is replayed reports twice: at zero the parts are looked at, and counted anew.
        """
        with transaction.atomic():
            counters = ChordCounter.objects.select_for_update().defer("sub_tasks")
            counter = counters.filter(group_id=group_id).first()
            if counter is None:
                log.warning("chord %s: a part reported after its end", group_id)
                return None
            counter.count -= 1
            if counter.count <= 0:  # only now: a header of thousands takes long to read
                header: GroupResult = counter.group_result(app=self.app)
                counter.count = sum(not part.ready() for part in _parts(header))
                if not counter.count:
                    counter.delete()
                    return header
            counter.save(update_fields=["count"])
        return None

    def _start_body(self, body: "Signature[Any]", header: GroupResult) -> None:
        """Call the body with the results of the header, or fail it with the first error among them."""
        try:
            with transaction.atomic():  # what the ledger refuses must not spoil the outcome of the part
                body.delay(_results_of(header))
        except ChordError as error:
            self.chord_error_from_stack(body, error)
        except Exception as error:
            if is_away(error):
                raise
            log.exception("chord %s: its body cannot be called", header.id)
            self.chord_error_from_stack(body, ChordError(f"Callback error: {error!r}"))


def _results_of(header: GroupResult) -> object:
    """Return the results as the header nests them; raise ChordError for the first failure among them."""
    for part in _parts(header):
        if part.state in states.PROPAGATE_STATES:
            raise ChordError(f"Dependency {part.id} raised {part.result!r}") from part.result
    return _value_of(header)  # not join(): whether it may block is one flag for all threads of a process


def _value_of(result: ResultBase) -> object:
    if isinstance(result, GroupResult):
        return [_value_of(part) for part in result.results or ()]
    return cast("AsyncResult[Any]", result).result


def _parts(result: ResultBase) -> Iterator[AsyncResult[Any]]:
    """Yield the results that report to a chord with this result in its header.

    A group at the end of a member reports once per task; all else reports once.
    """
    if isinstance(result, GroupResult):
        for part in result.results or ():
            yield from _parts(part)
    elif isinstance(result, AsyncResult):
        yield result
