"""reports.sales_monthly: a file whose sums agree with the lines; whole or not there; without formulas."""

import csv
import io
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import F, Sum

from apps.jobs.models import Artifact, Job
from apps.jobs.running.artifacts import path_of
from apps.shop.models import OrderLine, Product
from apps.shop.monthly_sales import write_monthly_sales
from apps.transfers.formulas import disarm
from tests.shop import sums
from tests.shop.lines import as_csv, line, sample
from tests.tasks.steps import begun, ran, result_of
from tests.transfers.steps import imported

pytestmark = pytest.mark.django_db

KIND = "reports.sales_monthly"
HOSTILE = [
    '=HYPERLINK("http://evil")',
    "x;=1+1",
    "x|-1+1;-6; +7|@y",
    'a\t"=1\n\uff1d2;\u200b@x',
    "+1+1",
    "-6",
    "-1+1",
    "@SUM(A1)",
    "'=1",
    "\t=1",
    "\uff1d1+1",
    "\u200b=1",
    " =1",
    "\xa0@x",
    "\ufeff\ufe62x",
    " -6 ",
    "-1.5e-05",
    "1.234,5",
    'a "b", c',
    "line\nbreak",
    "ü\u202eexe",
    "",
]


class Pipe(io.RawIOBase):
    """Takes what is written and remembers only how much at a time."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def write(self, block: object) -> int:
        self.sizes.append(len(memoryview(block)))  # type: ignore[arg-type]  # what COPY gives is a buffer
        return self.sizes[-1]


def test_the_file_sums_up_the_lines_by_month_product_and_country() -> None:
    rows = sample()
    imported(as_csv(rows))
    found = {
        (row["month"], row["stock_code"], row["country"]): tuple(
            Decimal(row[column]) for column in ("sold", "returned", "adjusted")
        )
        for row in _file_of(ran(KIND))
    }
    assert found == sums.by_month(rows)


def test_its_totals_are_those_of_sql_and_of_its_rows() -> None:
    imported(as_csv(sample()))
    job = ran(KIND)
    lines = OrderLine.objects.aggregate(net=Sum(F("quantity") * F("unit_price")))
    rows = _file_of(job)
    assert Decimal(result_of(job)["net"]) == lines["net"] == sum(Decimal(row["net"]) for row in rows)
    assert result_of(job)["rows"] == len(rows)
    assert result_of(job)["months"] == len({row["month"] for row in rows})


def test_a_shop_without_lines_gives_a_file_without_rows() -> None:
    job = ran(KIND)
    assert _file_of(job) == []
    assert (result_of(job)["rows"], result_of(job)["net"]) == (0, "0")


def test_a_month_that_is_not_over_is_left_out_unless_it_is_asked_for() -> None:
    imported(as_csv([line()]))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE shop_orderline SET invoiced_at = now()")
    assert _file_of(ran(KIND)) == []
    assert len(_file_of(ran(KIND, until="2999-12-31"))) == 1


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        ("2011-02-01", None, ["02", "03"]),
        (None, "2011-02-28", ["01", "02"]),
        ("2011-02-28", "2011-02-28", ["02"]),
        ("2011-03-01", "2011-02-01", []),
    ],
)
def test_dates_narrow_it_and_both_count(since: str | None, until: str | None, days: list[str]) -> None:
    moments = ("2011-01-31 23:59:59", "2011-02-28 23:59:59", "2011-03-01 00:00:00")
    imported(as_csv(line(InvoiceNo=str(n), InvoiceDate=moment) for n, moment in enumerate(moments, 1)))
    rows = _file_of(ran(KIND, since=since, until=until))
    assert [row["month"][-2:] for row in rows] == days


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_one_cell_and_is_no_formula(name: str) -> None:
    imported(as_csv([line()]))
    Product.objects.update(name=name)
    [row] = _file_of(ran(KIND))
    assert row["name"] == disarm(name)


def test_a_death_in_the_middle_leaves_no_file() -> None:
    imported(as_csv(sample()))

    def killed() -> None:
        with begun(KIND).artifact("sales-by-month.csv") as file:
            write_monthly_sales(file)
            raise SystemExit

    with pytest.raises(SystemExit):
        killed()
    assert not Artifact.objects.exists()


def test_another_run_leaves_a_file_of_its_own() -> None:
    imported(as_csv(sample()))
    one, two = ran(KIND), ran(KIND)
    assert _file_of(one) == _file_of(two)
    assert Artifact.objects.count() == 2


def test_a_large_file_passes_in_small_blocks() -> None:
    imported(as_csv([line()]))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO shop_product (code, kind, name) SELECT 'X' || n, 'other', 'A name' "
            "FROM generate_series(1, 20000) AS n;"
            "INSERT INTO shop_orderline (order_id, product_id, invoiced_at, quantity, copy, unit_price,"
            " stock_code, description)"
            " SELECT l.order_id, p.id, l.invoiced_at, 1, 1, 1, p.code, ''"
            " FROM shop_orderline AS l, shop_product AS p WHERE p.kind = 'other'"
        )
    pipe = Pipe()
    totals = write_monthly_sales(pipe)  # type: ignore[arg-type]  # all that it needs of a file
    assert totals["rows"] == 20_001
    assert sum(pipe.sizes) > 1_000_000
    assert max(pipe.sizes) < 100_000


def _file_of(job: Job) -> list[dict[str, str]]:
    artifact = Artifact.objects.get(job_id=job.pk)
    assert artifact.name == "sales-by-month.csv"
    return list(csv.DictReader(io.StringIO(path_of(artifact).read_text("utf-8"), newline="")))
