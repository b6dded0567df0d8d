"""The choice of what a schedule starts: job types first, then other packages' Celery tasks."""

from typing import Any

from celery import current_app
from django import forms

from apps.jobs import registry

_CELERYS_OWN = "celery."


class TaskChoice(forms.Select):
    """A list of what this process knows, and the stored name where it does not know that."""

    def optgroups(
        self, name: str, value: list[str], attrs: dict[str, Any] | None = None
    ) -> list[tuple[str | None, list[dict[str, Any]], int | None]]:
        """Return the choices as they are now: tasks are known only when all modules are loaded."""
        kinds = sorted(registry.offered())
        ours = registry.names()
        others = sorted(
            task for task in current_app.tasks if task not in ours and not task.startswith(_CELERYS_OWN)
        )
        unknown = [task for task in value if task and task not in kinds and task not in others]
        self.choices = [
            ("", "---------"),
            *(_group("Not known here", unknown)),
            *(_group("Job types", kinds)),
            *(_group("Celery tasks, without a row in the ledger", others)),
        ]
        return super().optgroups(name, value, attrs)


def task_field() -> forms.CharField:
    """Return the field; whether the name is known is asked when it is saved."""
    return forms.CharField(label="Task", required=False, max_length=200, widget=TaskChoice)


def _group(label: str, tasks: list[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    return [(label, [(task, task) for task in tasks])] if tasks else []
