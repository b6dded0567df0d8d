"""``self.request`` of a job says what Celery's says."""

from typing import Any
from uuid import UUID

import pytest
from celery import Task, chain, chord, shared_task

from apps.jobs.models import Job
from apps.jobs.task import JobTask
from apps.lib.ids import new_id
from tests.jobs.canvas_steps import work
from tests.kinds.canvas import plus

pytestmark = pytest.mark.usefixtures("in_line")

WAIT_S = 0.5

Says = dict[str, Any]


@shared_task(name="odd.says", base=JobTask, bind=True)
def says(self: "Task[..., Any]", value: object = None) -> Says:
    """Return what the request says."""
    names = ("id", "parent_id", "root_id", "correlation_id", "properties", "timelimit", "delivery_info")
    return {name: getattr(self.request, name) for name in names}


@shared_task(name="odd.makes", base=JobTask, bind=True)
def makes(self: "Task[..., Any]", deep: int) -> str:
    """Enqueue another job."""
    return str(makes.delay(deep - 1).id if deep else says.delay().id)


def test_job_that_code_enqueued_is_its_own_root() -> None:
    said = _said(says.delay())
    assert (said["parent_id"], said["root_id"]) == (None, said["id"])
    assert (said["correlation_id"], said["timelimit"], said["properties"]) == (said["id"], [None, None], {})


def test_job_made_by_jobs_names_its_parent_and_the_first_of_them() -> None:
    first = makes.delay(2)
    work()
    ids = [str(job_id) for job_id in Job.objects.order_by("id").values_list("id", flat=True)]
    said: Any = Job.objects.get(kind="odd.says").result
    assert (said["parent_id"], said["root_id"]) == (ids[-2], first.id)


def test_steps_of_a_chain_name_the_step_before_and_the_first() -> None:
    last = chain(plus.s(1), plus.s(1), says.s())()
    said = _said(last)
    assert (said["parent_id"], said["root_id"]) == (last.parent.id, last.parent.parent.id)


def test_body_of_a_chord_belongs_to_a_part() -> None:
    body: Any = chord([plus.s(1), plus.s(2)])(says.s())
    parts = {part.id for part in body.parent.results}
    said = _said(body)
    assert said["parent_id"] in parts
    assert said["root_id"] in parts


def test_root_that_the_ledger_never_had_is_named_as_the_call_named_it() -> None:
    assert _said(says.apply_async(root_id="elsewhere", parent_id="too"))["root_id"] == "elsewhere"
    unknown = str(new_id())
    assert _said(says.apply_async(root_id=unknown))["root_id"] == unknown


def test_options_of_the_call_reach_the_request() -> None:
    said = _said(says.apply_async(time_limit=9, app_id="shop", user_id="asha", correlation_id="order-7"))
    assert said["timelimit"] == [9.0, None]
    assert (said["correlation_id"], said["properties"]) == (
        "order-7",
        {"app_id": "shop", "user_id": "asha"},
    )


def _said(handle: Any) -> Says:
    work()
    said: Any = Job.objects.get(id=UUID(handle.id)).result
    return dict(said)


@shared_task(name="odd.reads_headers", base=JobTask, bind=True)
def reads_headers(self: "Task[..., Any]", names: list[str]) -> list[object]:
    """Return attributes of the request, and its headers."""
    return [getattr(self.request, name, "none") for name in names] + [self.request.headers]


def test_custom_headers_are_attributes_of_the_request_as_in_celery() -> None:
    headers = {"source": "shop", "sentry-trace": "a-b", "headers": {"source": "inner"}}
    handle = reads_headers.apply_async((["source", "sentry-trace", "other"],), headers=headers)
    assert _answer(handle) == ["shop", "a-b", "none", headers]


def test_header_of_a_reserved_name_changes_nothing_else_of_the_request() -> None:
    headers = {"id": "x", "retries": 9, "parent_id": "p", "args": [7], "wish": 5, "get": 5, "_protected": 0}
    names = ["retries", "parent_id", "args", "is_eager"]
    assert _answer(reads_headers.apply_async((names,), headers=headers)) == [0, None, [], False, headers]


def test_headers_of_a_step_and_of_many_are_kept() -> None:
    last = chain(plus.si(1), reads_headers.si(["source"]).set(headers={"source": "step"}))()
    assert _answer(last) == ["step", {"source": "step"}]
    reads_headers.enqueue_many([(["source"],)], headers={"source": "many"})
    work()
    assert Job.objects.filter(result=["many", {"source": "many"}]).exists()


@pytest.mark.parametrize("headers", [[1], [("a", 1)], "ab", 5, {1}])
def test_headers_that_are_no_dict_are_refused(headers: object) -> None:
    with pytest.raises(TypeError, match=r"odd\.says: headers must be a dict, such as"):
        says.apply_async(headers=headers)
    assert not Job.objects.exists()


def test_stored_headers_of_an_older_release_that_are_no_dict_are_passed_by() -> None:
    handle = reads_headers.apply_async((["source"],), headers={"source": "x"})
    Job.objects.update(options={"request": {"headers": [1]}})
    assert _answer(handle) == ["none", [1]]


def _answer(handle: Any) -> Any:
    work()
    return Job.objects.get(id=UUID(handle.id)).result
