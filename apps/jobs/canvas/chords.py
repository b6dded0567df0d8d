"""Count the parts of a chord and start its body. Base class of the result backend."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from celery.app.task import Context
from celery.result import GroupResult, ResultBase
from django_celery_results.backends.database import (  # type: ignore[import-untyped]  # it has no types
    DatabaseBackend,
    trigger_callback,
)
from django_celery_results.models import ChordCounter  # type: ignore[attr-defined]  # not in the stubs

if TYPE_CHECKING:
    from celery.canvas import Signature


class ChordBackend(DatabaseBackend):  # type: ignore[misc]  # it has no types
    """Result backend that counts a chord by the parts that report, as Celery's Redis backend does."""

    def apply_chord(
        self,
        header_result_args: tuple[str, Sequence[ResultBase]],
        body: "Signature[Any]",
        **_options: object,
    ) -> None:
        """Insert the counter of a chord; start the body of a header without any task at once."""
        header = self.app.GroupResult(*header_result_args)
        reports = _reports(header)
        if not reports:
            trigger_callback(app=self.app, callback=body, group_result=header)
            return
        ChordCounter.objects.create(
            group_id=header.id,
            sub_tasks=json.dumps([result.as_tuple() for result in header.results]),
            count=reports,
        )

    def on_chord_part_return(self, request: Context, state: str, result: object, **_options: object) -> None:
        """Count one part; the last one starts the body."""
        if not request.group or not request.id:
            return
        if request.ignore_result:  # the body needs it
            self.store_result(request.id, result, state, request=request)
        super().on_chord_part_return(request, state, result)


def _reports(result: ResultBase) -> int:
    """Return how many tasks report to a chord with this result in its header.

    A group at the end of a member reports once per task; all else reports once.
    """
    if isinstance(result, GroupResult):
        return sum([_reports(part) for part in result.results or ()])
    return 1
