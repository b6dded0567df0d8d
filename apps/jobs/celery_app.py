"""The Celery class of this project; importable before Django is set up."""

import inspect
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import django
from celery import Celery
from celery.result import AsyncResult
from django.apps import apps
from django.core.checks import run_checks
from kombu.utils.objects import cached_property

from apps.jobs import plain_calls
from apps.jobs.running import foreign
from apps.jobs.shown_settings import ShownSettings
from apps.jobs.task import JobTask

if TYPE_CHECKING:
    from celery.app.registry import TaskRegistry
    from celery.backends.base import Backend
    from celery.canvas import Signature


# The parameters of Celery's send_task that may be given by position, after args and kwargs.
_MORE = tuple(inspect.signature(Celery.send_task).parameters)[4:-1]


class LedgerCelery(Celery):
    """A Celery application whose workers speak to the ledger."""

    # by name: Celery imports them when they are first used
    control_cls = "apps.jobs.control:LedgerControl"
    events_cls = "apps.jobs.worker.worker_events:WorkerEvents"

    @property
    def Worker(self) -> type:  # noqa: N802  # Celery's name
        """Return the worker class that `celery worker` starts."""
        _checked()
        # by name: its module needs Django's models
        return self.subclass_with_self("apps.jobs.worker.worker:LedgerWorker")  # type: ignore[arg-type]  # or a name

    @cached_property
    def Beat(self) -> type:  # noqa: N802  # likewise
        """Return the class that `celery beat` starts."""
        _checked()
        return super().Beat

    @cached_property
    def tasks(self) -> "TaskRegistry":
        """Return every task, job types included: Celery's command line asks before Django is set up."""
        _set_up()
        return super().tasks

    def _load_config(self) -> ShownSettings:
        settings = super()._load_config()  # type: ignore[misc]  # missing from the stubs
        # Celery offers no other way to choose the class, and a plain assignment would be a setting
        object.__setattr__(settings, "__class__", ShownSettings)
        return settings  # type: ignore[no-any-return]

    def _get_backend(self) -> "Backend":
        _set_up()
        return super()._get_backend()  # type: ignore[misc,no-any-return]  # missing from the stubs

    def send_task(
        self,
        name: str,
        args: Sequence[object] | None = None,
        kwargs: Mapping[str, object] | None = None,
        *more: object,
        **options: Any,
    ) -> AsyncResult[Any]:
        """Enqueue a job of ours by its kind; send anything else as Celery does."""
        options |= zip(_MORE, more, strict=False)
        if len(more) > len(_MORE):
            raise TypeError(f"send_task takes at most {len(_MORE) + 3} arguments by position.")
        task = self.tasks.get(name)
        if isinstance(task, JobTask):
            return task.apply_async(args, kwargs, **options)  # type: ignore[arg-type]  # checked there
        if foreign.is_handing_over():
            return foreign.hand_over(self, name, args or (), kwargs or {}, options)
        texts = plain_calls.as_texts(task and task.run, args or (), kwargs or {})
        return super().send_task(name, args, kwargs, **(texts | options))  # type: ignore[arg-type]  # any mapping will do

    def signature(self, varies: object, *args: Any, **options: Any) -> "Signature[Any]":
        """Make a signature; one of a job type by its kind can be a step of a canvas as well."""
        task = self.tasks.get(varies) if isinstance(varies, str) else None
        if isinstance(task, JobTask):
            return task.signature(*args, **options)
        return super().signature(varies, *args, **options)


def _set_up() -> None:
    """Set Django up, unless it is, or is being set up now."""
    if not (apps.ready or apps.loading):
        django.setup()


def _checked() -> None:
    """Set Django up and stop at a failed system check; Celery runs the checks and ignores their answer."""
    _set_up()
    if os.environ.get("CELERY_SKIP_CHECKS"):
        return
    faults = [str(found) for found in run_checks() if found.is_serious() and not found.is_silenced()]
    if faults:
        raise SystemExit("\n".join(["These settings stop the start:", *faults]))
