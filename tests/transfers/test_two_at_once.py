"""Two workers on the same file, on the same import: each row is in once."""

import itertools
from collections import Counter
from collections.abc import Iterator
from threading import Barrier

import pytest
from django.db import connection

from apps.jobs import Discard
from apps.local.servers.valkey import ValkeyServer
from apps.shop.models import MatchedLine, OrderLine
from apps.shop.order_lines.importer import OrderLineImporter
from apps.shop.order_lines.merge import Merged
from apps.transfers.models import Import
from apps.transfers.run import run_import
from tests.jobs.steps import another_session
from tests.shop import lines
from tests.shop.lines import as_csv, in_the_shop
from tests.transfers.steps import context_of, go_on, handed_in


@pytest.fixture(autouse=True)
def committed(transactional_db: None, valkey: ValkeyServer) -> Iterator[None]:
    """Let the test commit; the line is no managed model, so Django would not empty it afterwards."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE jobs_ready")


class InStep(OrderLineImporter):
    """Merges each chunk at the same moment as its twin in another session."""

    def __init__(self, together: Barrier) -> None:
        self.together = together

    def merge(self, import_id: int, staged: list[str]) -> Merged:
        self.together.wait(timeout=30)
        return super().merge(import_id, staged)


def test_two_imports_of_the_same_rows_at_once_bring_each_row_in_once() -> None:
    rows = [*lines.sample()[:300], *lines.sample()[:40]]  # forty of them twice
    one, two = handed_in(as_csv(rows)), handed_in(as_csv(rows))
    together = Barrier(2)
    with another_session() as other:
        twin = other.start(
            lambda: run_import(context_of(two), two.pk, InStep(together), chunk_rows=50)["unchanged"]
        )
        run_import(context_of(one), one.pk, InStep(together), chunk_rows=50)
        twin.result(timeout=60)
    one.refresh_from_db()
    two.refresh_from_db()
    assert in_the_shop() == Counter(rows)
    assert one.created + two.created == len(rows)
    assert one.unchanged + two.unchanged == len(rows)
    assert not MatchedLine.objects.exists()


class Overtaken(OrderLineImporter):
    """While its second chunk is merged, another worker gets the job and brings it to its end."""

    def __init__(self, started: Import) -> None:
        self.started = started
        self.chunks = itertools.count(1)

    def merge(self, import_id: int, staged: list[str]) -> Merged:
        if next(self.chunks) == 2:
            with another_session() as other:
                other.do(lambda: go_on(self.started))
        return super().merge(import_id, staged)


def test_a_worker_that_lost_its_import_writes_nothing_more() -> None:
    rows = lines.sample()[:120]
    started = handed_in(as_csv(rows))
    with pytest.raises(Discard, match="Another job goes on with this import"):
        run_import(context_of(started), started.pk, Overtaken(started), chunk_rows=50)
    started.refresh_from_db()
    assert in_the_shop() == Counter(rows)
    assert (started.created, started.message) == (120, "120 order lines imported: 120 new.")
    assert OrderLine.objects.count() == 120
