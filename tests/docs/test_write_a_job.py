"""The example of docs/write-a-job.md is a job that works as the page says."""

import uuid
from datetime import UTC, datetime
from types import ModuleType

import pytest

from apps.jobs import Discard, enqueue
from apps.jobs.context import Context
from apps.jobs.models import Job
from apps.jobs.transitions import Claim
from tests.docs.blocks import ROOT, blocks


@pytest.fixture(scope="module")
def page() -> ModuleType:
    """Load the page's first block as the module that it shows."""
    module = ModuleType("shop_greet")
    code = blocks(ROOT / "docs" / "write-a-job.md", "python")[0]
    exec(compile(code, "docs/write-a-job.md", "exec"), module.__dict__)  # the page's own words
    return module


@pytest.mark.django_db
def test_the_example_is_enqueued_by_kind_and_by_delay(page: ModuleType) -> None:
    first = enqueue("shop.greet", customer_id=7)
    second = page.greet.delay(customer_id=8, times=2).id
    later = page.greet.apply_async((7,), countdown=60).id
    assert Job.objects.get(pk=first).args == {"customer_id": 7}
    assert Job.objects.get(pk=second).args == {"customer_id": 8, "times": 2}
    assert Job.objects.get(pk=later).run_after is not None


@pytest.mark.django_db
def test_the_example_refuses_what_its_signature_does_not_take(page: ModuleType) -> None:
    with pytest.raises(TypeError, match="takes"):
        page.greet.delay(client=7)


@pytest.mark.django_db
def test_the_example_greets_and_discards_as_the_page_says(
    page: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    context = Context(Claim(*ids, "shop.greet", 1, 5, 0, {}, datetime.now(UTC)))
    monkeypatch.setattr(context, "progress", lambda *_: None)  # no job stands behind this context
    assert page.greet(context, 7, times=3) == {"greetings": 3}
    with pytest.raises(Discard, match="at least one"):
        page.greet(context, 7, times=0)
