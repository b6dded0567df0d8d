"""Spans of time in a call: seconds in any of their forms, or a sentence that names the option."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from apps.jobs.models import Job
from apps.jobs.states import State
from tests.jobs.steps import row_of
from tests.kinds.add import add

pytestmark = pytest.mark.django_db


def stored(**options: Any) -> dict[str, Any]:
    """Enqueue with Celery's options and return the row."""
    return row_of(UUID(add.apply_async((1,), **options).id))


@pytest.mark.parametrize("option", ["countdown", "expires"])
@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (1e12, "is more than a hundred years"),
        (10**400, "is more than a hundred years"),
        (float("inf"), "inf is more than a hundred years"),
        (float("-inf"), "-inf is more than a hundred years"),
        (float("nan"), "nan is no number of seconds"),
        ("soon", "'soon' is no number of seconds"),
        ("", "'' is no number of seconds"),
        ([5], "must be seconds, a timedelta"),
        (True, "must be seconds, a timedelta"),
    ],
)
def test_a_span_that_is_none_is_refused_with_its_name_before_the_database_is(
    option: str, given: object, sentence: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=rf"kinds\.add: {option} .*{re.escape(sentence)}"):
        stored(**{option: given})
    assert not Job.objects.exists()


@pytest.mark.parametrize("countdown", [0, -1, "5", 1.5, timedelta(seconds=2)])
def test_a_span_in_any_of_its_forms_is_kept(countdown: object) -> None:
    assert stored(countdown=countdown)["state"] in (State.SCHEDULED, State.READY, State.QUEUED)
