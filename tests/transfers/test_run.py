"""What an import leaves in the tables: every good row once, whatever happens on the way."""

import csv
import gzip
import io
import itertools
import lzma
import random
from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.jobs import CancelRequested, transitions
from apps.shop.models import Customer, MatchedLine, Order, OrderLine, Product
from apps.shop.order_lines.importer import OrderLineImporter
from apps.shop.order_lines.merge import Merged
from apps.transfers.models import Import
from apps.transfers.rejects import as_csv as rejects_as_csv
from apps.transfers.run import run_import
from tests.shop import lines
from tests.shop.lines import as_csv, in_the_shop, line
from tests.transfers.steps import context_of, go_on, handed_in, imported

pytestmark = pytest.mark.django_db
SAMPLE = lines.SAMPLE.read_bytes()


def tables() -> list[list[tuple[Any, ...]]]:
    """Return everything the shop has."""
    return [
        list(model.objects.order_by("pk").values_list()) for model in (Customer, Product, Order, OrderLine)
    ]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_the_sample_goes_in_without_its_faults_and_every_row_can_be_rebuilt(
    pack: Callable[[bytes], bytes],
) -> None:
    done = imported(pack(SAMPLE))
    assert in_the_shop() == Counter(lines.sample())
    assert (done.rows_read, done.created, done.unchanged, done.rejected) == (2999, 2992, 0, 7)
    assert tuple(done.rejected_rows.values_list("row", flat=True)) == lines.FAULTY_ROWS
    assert done.message == (
        "2,992 order lines imported: 2,992 new. "
        "7 rows were rejected: download them, correct them and upload them."
    )
    assert done.finished_at


def test_the_same_file_again_changes_nothing_and_says_so() -> None:
    imported(as_csv(lines.sample()))
    before = tables()
    done = imported(as_csv(lines.sample()))
    assert tables() == before
    assert done.message == "All 2,992 order lines were unchanged."
    assert not MatchedLine.objects.exists()


def test_the_same_rows_in_another_order_change_nothing_either() -> None:
    rows = lines.sample()
    imported(as_csv(rows))
    shuffled = random.Random(7).sample(rows, len(rows))
    assert imported(as_csv(shuffled)).unchanged == 2992
    assert in_the_shop() == Counter(rows)


def test_the_rejected_rows_come_back_as_a_file_that_goes_in_once_mended() -> None:
    first = imported(SAMPLE)
    source = {
        6: (3, "6"), 411: (4, "2010-12-01 11:29:00"), 1023: (5, "1.25"), 1500: (3, "1"),
        1987: (1, "20957"), 2345: (6, "17690.0"), 2801: (4, "2010-12-02 10:45:00"),
    }  # fmt: skip
    [header, *rejected] = csv.reader(io.StringIO("".join(rejects_as_csv(first))))
    for row in rejected:
        column, value = source[int(row[-2])]
        row[column] = value
    done = imported(as_csv(rejected, columns=header))
    assert (done.created, done.rejected) == (7, 0)
    whole = [tuple(row[:8]) for row in rejected] + lines.sample()
    assert in_the_shop() == Counter(whole)


def test_what_the_rows_of_an_order_disagree_on_is_rejected() -> None:
    imported(as_csv([line(), line(InvoiceNo="536366", CustomerID="")]))
    done = imported(
        as_csv([
            line(Quantity="7"),
            line(Quantity="8", CustomerID="12345"),
            line(Quantity="9", Country="France"),
            line(InvoiceNo="536366", Quantity="7"),
            line(InvoiceNo="536367", CustomerID="1"),
            line(InvoiceNo="536367", CustomerID="2"),
        ])
    )  # fmt: skip
    assert (done.created, done.rejected) == (2, 4)
    told = [each.reason.replace("United Kingdom", "UK") for each in done.rejected_rows.all()]
    assert [reason.partition(". Expected")[0] for reason in told] == [
        "Order 536365 is customer 17850's in UK; this row says customer 12345's in UK",
        "Order 536365 is customer 17850's in UK; this row says customer 17850's in France",
        "Order 536366 is a guest's in UK; this row says customer 17850's in UK",
        "Order 536367 is customer 1's in UK; this row says customer 2's in UK",
    ]
    assert not Customer.objects.filter(number=12345).exists()


def test_the_words_of_a_priced_line_name_a_product_and_its_latest_ones() -> None:
    imported(
        as_csv([
            line(Description="damaged", UnitPrice="0.0", Quantity="-1", InvoiceNo="536370"),
            line(Description="OLD NAME", InvoiceDate="2010-12-01 08:00:00"),
            line(Description="NEW NAME", InvoiceDate="2010-12-03 08:00:00", StockCode="85123a"),
            line(Description="OLD NAME", InvoiceDate="2010-12-02 08:00:00"),
            line(Description="?", UnitPrice="0.0", InvoiceDate="2010-12-04 08:00:00"),
        ])
    )  # fmt: skip
    assert list(Product.objects.values_list("code", "kind", "name")) == [("85123A", "product", "NEW NAME")]


def test_a_multi_line_field_is_one_row_in_the_count() -> None:
    done = imported(
        as_csv([line(Description="two\nlines"), line(), line(Quantity="x")]) + "\n,,,,,,,\n" + "x\n"
    )
    assert list(done.rejected_rows.values_list("row", flat=True)) == [2, 4, 7]
    assert done.rows_read == 4  # blank rows are rows of the spreadsheet, not of the data


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_another_delimiter_and_other_columns_are_found_and_told(
    delimiter: str, caplog: pytest.LogCaptureFixture
) -> None:
    names = ["Extra", "invoice_no", "Stock Code", "DESCRIPTION", "quantity", "invoice date", "UnitPrice"]
    rows = [("?", *line())]
    with caplog.at_level("INFO"):
        imported(as_csv(rows, columns=[*names, "customerid", "country"], delimiter=delimiter))
    assert in_the_shop() == Counter([line()])
    assert "Columns that are not used: Extra." in caplog.messages
    name = {";": "semicolon", "\t": "tab", "|": "vertical bar"}[delimiter]
    assert f"Reading orders.csv: utf-8, delimiter {name}." in caplog.messages


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_each_encoding_brings_the_same_text(encoding: str) -> None:
    chosen = encoding[:6] if encoding.startswith("utf-16") else encoding.removesuffix("-sig")
    imported(as_csv([line(Description="£5 – café")]).encode(encoding), encoding=chosen)
    assert OrderLine.objects.get().description == "£5 – café"


ROW = st.builds(
    line,
    InvoiceNo=st.sampled_from(["536365", "536366"]),
    Quantity=st.sampled_from(["1", "2"]),
    Description=st.sampled_from(["A", "a", "A "]),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.lists(st.lists(ROW, min_size=1, max_size=12), min_size=1, max_size=4), size=st.integers(1, 5))
def test_a_row_is_there_as_often_as_the_file_that_has_it_most_often(
    files: list[list[lines.Row]], size: int
) -> None:
    with transaction.atomic():
        for rows in files:
            started = handed_in(as_csv(rows))
            run_import(context_of(started), started.pk, OrderLineImporter(), chunk_rows=size)
        expected: Counter[lines.Row] = Counter()
        for rows in files:
            expected |= Counter(rows)
        assert in_the_shop() == expected
        transaction.set_rollback(True)


class Killed(BaseException):
    """The worker is gone."""


def test_a_worker_killed_between_any_two_statements_loses_and_doubles_nothing() -> None:
    rows = [*lines.sample()[:90], *lines.sample()[:10], line(Quantity="many"), *lines.sample()[-20:]]
    imported(as_csv(lines.sample()[80:90]))  # some of it was there before
    good = [row for row in rows if row[3] != "many"]
    for deadly in itertools.count(1):
        with transaction.atomic():
            started = handed_in(as_csv(rows))
            killed = _killed_at(started, deadly)
            go_on(started)
            started.refresh_from_db()
            assert in_the_shop() == Counter(good), f"killed at statement {deadly}"
            assert (started.rows_read, started.created, started.unchanged, started.rejected) == (
                121,
                110,
                10,
                1,
            )
            assert list(started.rejected_rows.values_list("row", flat=True)) == [102]
            transaction.set_rollback(True)
        if not killed:
            break
    assert deadly > 25


def _killed_at(started: Import, deadly: int) -> bool:
    """Run an import until its n-th statement; say whether it got that far."""
    count = itertools.count(1)

    def kill(execute: Callable[..., Any], *args: Any) -> Any:
        if next(count) == deadly:
            raise Killed
        return execute(*args)

    context = context_of(started)
    try:
        with connection.execute_wrapper(kill):
            run_import(context, started.pk, OrderLineImporter(), chunk_rows=50)
    except Killed:
        return True
    return False


class AskedToStop(OrderLineImporter):
    """A person cancels the job while its second chunk is merged."""

    def __init__(self, job_id: UUID) -> None:
        self.job_id = job_id
        self.chunks = itertools.count(1)

    def merge(self, import_id: int, staged: list[str]) -> Merged:
        if next(self.chunks) == 2:
            transitions.cancel(self.job_id)
        return super().merge(import_id, staged)


def test_a_cancelled_import_keeps_what_was_committed_before() -> None:
    started = handed_in(as_csv(lines.sample()[:120]))
    assert started.job_id
    with pytest.raises(CancelRequested):
        run_import(context_of(started), started.pk, AskedToStop(started.job_id), chunk_rows=50)
    started.refresh_from_db()
    assert (OrderLine.objects.count(), started.created, started.last_row) == (50, 50, 51)
