"""Listeners: the job types that say ``on=`` an event, and what of it each of them is given."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeGuard, get_args, get_origin

from django.core.exceptions import ImproperlyConfigured

from apps.events.event import Event
from apps.jobs import registry

if TYPE_CHECKING:
    from apps.jobs.task import JobTask


def listeners_of(name: str) -> "list[JobTask[..., object]]":
    """Return the job types that listen to an event, by kind."""
    return [task for _, task in sorted(registry.kinds().items()) if name in heard_by(task)]


def heard_by(task: "JobTask[..., object]") -> set[str]:
    """Return the names of the events that a job type listens to."""
    return {event.name for event in task.on if _is_event(event)}


def arguments_for(task: "JobTask[..., object]", data: Mapping[str, object]) -> dict[str, object]:
    """Return the fields that a listener asks for by the names of its arguments."""
    return {name: data[name] for name in task.parameters.parameters if name in data}


def check() -> None:
    """Raise ImproperlyConfigured for job types that cannot be given what they listen to.

    In every process and at its start: else whoever emits would be told, who need not know of them.
    """
    found = [
        f"Job type {kind}: {fault}"
        for kind, task in sorted(registry.kinds().items())
        for fault in faults(task)
    ]
    if found:
        hint = "Name the arguments as the event's fields, with their types, and give others a default."
        raise ImproperlyConfigured("\n".join([*found, hint]))


def faults(task: "JobTask[..., Any]") -> list[str]:
    """Return why a job type cannot be given what it listens to: a sentence each, with the way out."""
    found = []
    for event in task.on:
        if not _is_event(event):
            found.append(f"on= names {event!r}, which is no subclass of Event.")
            continue
        found += _faults_with(task, event)
    return found


def _faults_with(task: "JobTask[..., object]", event: type[Event]) -> list[str]:
    found = []
    hints = task.validator.hints()
    for name, parameter in task.parameters.parameters.items():
        field = event.model_fields.get(name)
        if field is None:
            if parameter.default is parameter.empty:
                found.append(f"its argument {name} is no field of {event.name}, and has no default.")
        elif name in hints and _bare(hints[name]) != field.annotation:
            wanted, given = _shown(_bare(hints[name])), _shown(field.annotation)
            found.append(f"its argument {name} is {wanted}, the field of {event.name} is {given}.")
    return found


def _is_event(event: object) -> TypeGuard[type[Event]]:
    return isinstance(event, type) and issubclass(event, Event) and event is not Event


def _bare(hint: object) -> object:
    """Return a hint as pydantic has a field's: without what is annotated to the whole of it."""
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _shown(hint: object) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint)
