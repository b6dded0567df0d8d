"""analytics.nightly: each day's sums are those of its lines, whenever they came and whatever dies."""

from decimal import Decimal

import pytest
from django.db import connection

from apps.jobs import Context, LeaseLost, transitions
from apps.shop import daily_sales, new_lines, sql
from apps.shop.models import DailySales, OrderLine
from tests.shop import sums
from tests.shop.lines import as_csv, line, sample
from tests.tasks.steps import begun, begun_again, ran, result_of
from tests.transfers.steps import imported

pytestmark = pytest.mark.django_db

KIND = "analytics.nightly"


class Killed(BaseException):
    """The worker was killed."""


class Dying(Context):
    """Its worker is killed in the middle of the third day."""

    days = 0

    def checkpoint(
        self, cursor: dict[str, object], *, done: int, total: int | None = None, note: str = ""
    ) -> None:
        self.days += 1
        if self.days == 3:
            raise Killed
        super().checkpoint(cursor, done=done, total=total, note=note)


def test_each_day_sums_up_its_lines_by_country() -> None:
    rows = sample()
    imported(as_csv(rows))
    assert result_of(ran(KIND))["days"] == len({row[4][:10] for row in rows})
    assert _sums() == sums.by_day(rows)


def test_the_sums_agree_with_sql_over_all_lines() -> None:
    imported(as_csv(sample()))
    ran(KIND)
    net = "SELECT sum(quantity * unit_price), count(*) FROM shop_orderline"
    said = "SELECT sum(sold - returned + adjusted), sum(lines) FROM shop_dailysales"
    assert _row(net) == _row(said)


def test_a_second_run_has_nothing_to_do() -> None:
    imported(as_csv(sample()))
    ran(KIND)
    assert ran(KIND).result == {"days": 0, "changed": 0, "last_day": None}


def test_an_empty_shop_has_no_days() -> None:
    assert ran(KIND).result == {"days": 0, "changed": 0, "last_day": None}
    assert not DailySales.objects.exists()


def test_a_later_import_corrects_past_days_and_no_others() -> None:
    rows = sample()
    imported(as_csv(rows[::2]))
    ran(KIND)
    imported(as_csv(rows))
    assert result_of(ran(KIND))["days"] == len({row[4][:10] for row in rows[1::2]})
    assert _sums() == sums.by_day(rows)


def test_the_same_file_again_changes_nothing() -> None:
    rows = sample()
    imported(as_csv(rows))
    ran(KIND)
    imported(as_csv(rows))
    assert result_of(ran(KIND))["days"] == 0
    assert _sums() == sums.by_day(rows)


def test_after_a_kill_it_goes_on_behind_the_last_day_that_was_committed(committed: None) -> None:
    rows = sample()
    imported(as_csv(rows))
    ctx = begun(KIND)
    with pytest.raises(Killed):
        daily_sales.sum_up(Dying(ctx._claim))
    days = sorted({day for day, _ in sums.by_day(rows)})
    assert sorted({day for day, _ in _sums()}) == days[:2]
    _forget_the_first_day_s_sums()
    daily_sales.sum_up(begun_again(ctx))
    assert sorted({day for day, _ in _sums()}) == days[1:], "the first day was summed up twice"


def test_after_a_kill_at_the_very_end_the_next_run_comes_to_the_same(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise Killed

    rows = sample()
    imported(as_csv(rows))
    monkeypatch.setattr(new_lines, "move", killed)
    ctx = begun(KIND)
    with pytest.raises(Killed):
        daily_sales.sum_up(ctx)
    monkeypatch.undo()
    assert daily_sales.sum_up(Context(ctx._claim))["changed"] == 0
    assert _sums() == sums.by_day(rows)


def test_a_worker_that_lost_the_job_writes_nothing(committed: None) -> None:
    imported(as_csv([line()]))
    ctx = begun(KIND)
    transitions.rescue([_worker_of(ctx)], max_deaths=9)
    with pytest.raises(LeaseLost):
        daily_sales.sum_up(ctx)
    assert not DailySales.objects.exists()


def test_a_country_that_no_line_of_the_day_names_any_more_is_taken_out() -> None:
    imported(as_csv([line(), line(InvoiceNo="2", CustomerID="", Country="France")]))
    ran(KIND)
    OrderLine.objects.filter(order__country="France").delete()
    imported(as_csv([line(InvoiceNo="3")]))
    ran(KIND)
    assert list(DailySales.objects.values_list("country", "orders")) == [("United Kingdom", 2)]


def test_a_day_s_lines_are_found_by_index_however_many_there_are() -> None:
    imported(as_csv([line()]))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO shop_orderline (order_id, product_id, invoiced_at, quantity, copy, unit_price,"
            " stock_code, description)"
            " SELECT order_id, product_id, invoiced_at + n * interval '1 min', 1, 1, 1, stock_code, ''"
            " FROM shop_orderline, generate_series(1, 30000) AS n"
        )
        cursor.execute("SELECT brin_summarize_new_values('order_line_by_time'); ANALYZE shop_orderline")
        cursor.execute(f"EXPLAIN {sql.text('sum_day')}", {"day": "2010-12-10"})
        plan = "\n".join(text for (text,) in cursor.fetchall())
    assert "order_line_by_time" in plan


def _sums() -> sums.Sums:
    rows = DailySales.objects.values_list("day", "country", "sold", "returned", "adjusted")
    return {
        (f"{day}", country): (sold, returned, adjusted) for day, country, sold, returned, adjusted in rows
    }


def _row(query: str) -> tuple[Decimal, int]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        [row] = cursor.fetchall()
    return row  # type: ignore[no-any-return]


def _forget_the_first_day_s_sums() -> None:
    DailySales.objects.filter(day=DailySales.objects.earliest("day").day).delete()


def _worker_of(ctx: Context) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT worker_id FROM jobs_job WHERE id = %s", [ctx.job_id])
        [(worker_id,)] = cursor.fetchall()
    return int(worker_id)
