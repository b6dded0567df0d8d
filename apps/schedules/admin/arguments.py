"""The arguments of a schedule in its form: typed where the job type says types, JSON text otherwise."""

import json
from collections.abc import Mapping
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from apps.jobs import registry
from apps.jobs.admin.typed_arguments import TypedArguments
from apps.jobs.kinds.arguments import bind
from apps.schedules.arguments import as_text, read_args, read_kwargs
from apps.schedules.row import Row

_TEMPLATE = "admin/schedules/arguments.html"
TYPED_FOR = "arg-kind"  # the job type whose fields a page shows
AS_JSON = "arg-json"  # somebody writes JSON instead


def typed(task: str, row: Row | None) -> TypedArguments | None:
    """Return the fields of a job type, with what is stored; None for what is no job type."""
    try:
        form = TypedArguments(task)
    except registry.UnknownKind:
        return None
    stored = named(row) if row is not None and row.task == task else None
    if stored is not None:
        form.show(stored)
    return form


def posted(data: Mapping[str, Any]) -> TypedArguments | None:
    """Return the fields as somebody filled them in; None where JSON stands for them."""
    task = data.get("task")
    if not task or data.get(TYPED_FOR) != task or data.get(AS_JSON):
        return None
    try:
        return TypedArguments(task, data)
    except registry.UnknownKind:
        return None


def draw(task: str, form: TypedArguments | None, *, is_json: bool = False) -> SafeString:
    """Draw the fields of a task's arguments."""
    return render_to_string(_TEMPLATE, {"task": task, "form": form, "is_json": is_json})


def draw_stored(task: str, row: Row | None) -> SafeString:
    """Draw a task's fields with what a schedule of it holds; JSON where its fields cannot hold that."""
    is_json = row is not None and row.task == task and named(row) is None
    return draw(task, typed(task, row), is_json=is_json)


def named(row: Row) -> dict[str, object] | None:
    """Return the arguments that a row holds by name; None when they do not fit its job type's signature."""
    try:
        return bind(row.task, registry.get(row.task).parameters, read_args(row), read_kwargs(row))
    except (registry.UnknownKind, TypeError, ValueError):
        return None


def as_fields(given: dict[str, Any]) -> dict[str, str]:
    """Return what a schedule keeps of arguments by name."""
    return {"args": "[]", "kwargs": as_text(given)}


def fault_of(task: str, args: str, kwargs: str) -> str:
    """Say why JSON arguments do not fit a job type; nothing when they do, or when nobody can tell."""
    try:
        registry.get(task).validator.text(json.loads(args or "[]"), json.loads(kwargs or "{}"))
    except registry.UnknownKind:
        return ""
    except (TypeError, ValueError) as error:
        return str(error)
    return ""
