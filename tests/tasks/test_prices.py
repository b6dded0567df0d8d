"""shop.prices: each product has the price of the latest line that sold it, and nothing is written in vain."""

import itertools
from decimal import Decimal

import pytest
from django.db import connection, transaction
from pytest_django import DjangoAssertNumQueries

from apps.shop import new_lines, prices
from apps.shop.models import Bookmark, OrderLine, Price
from apps.shop.order_lines.check import check
from apps.shop.order_lines.merge import merge
from tests.jobs.steps import Session, another_session
from tests.shop import sums
from tests.shop.lines import Row, as_csv, line, sample
from tests.tasks.steps import ran
from tests.transfers.steps import imported

pytestmark = pytest.mark.django_db

NOTHING = {"new": 0, "changed": 0, "same": 0}
JANUARY, FEBRUARY, MARCH = (
    line(InvoiceNo=str(number), InvoiceDate=f"2011-{number:02}-05 10:00:00", UnitPrice=price)
    for number, price in ((1, "2.55"), (2, "2.95"), (3, "2.55"))
)
DEARER = line(InvoiceNo="4", InvoiceDate="2011-03-05 10:00:00", UnitPrice="5.10")  # the same minute as March


def test_each_product_has_the_price_of_the_latest_line_that_sold_it() -> None:
    rows = sample()
    imported(as_csv(rows))
    expected = sums.prices(rows)
    assert _updated() == {"new": len(expected), "changed": 0, "same": 0}
    assert _prices() == expected


def test_a_second_run_finds_nothing_and_writes_nothing() -> None:
    imported(as_csv(sample()))
    _updated()
    before = _versions()
    assert _updated() == NOTHING
    assert _versions() == before


def test_without_new_lines_it_asks_twice_and_writes_nothing(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    imported(as_csv([JANUARY]))
    _updated()
    with django_assert_num_queries(2):
        unread = new_lines.unread(prices.READER)
    assert list(unread.parts(prices.AT_ONCE)) == []


def test_an_empty_shop_has_no_prices() -> None:
    assert _updated() == NOTHING


def test_what_sells_nothing_says_nothing_about_a_price() -> None:
    returned = line(InvoiceNo="C9", Quantity="-6", InvoiceDate="2011-06-01 10:00:00", UnitPrice="9.99")
    written_off = line(InvoiceNo="8", Quantity="-6", InvoiceDate="2011-06-01 10:00:00", UnitPrice="0")
    postage = line(InvoiceNo="7", StockCode="POST", InvoiceDate="2011-06-01 10:00:00", UnitPrice="18")
    imported(as_csv([JANUARY, returned, written_off, postage]))
    _updated()
    assert _prices() == {"85123A": Decimal("2.55")}


@pytest.mark.parametrize("order", [*itertools.permutations([FEBRUARY, MARCH, DEARER])])
def test_the_order_in_which_files_come_in_changes_nothing(order: tuple[Row, ...]) -> None:
    for row in order:
        imported(as_csv([row]))
        _updated()
    [price] = Price.objects.all()
    assert (price.unit_price, f"{price.invoiced_at:%Y-%m}") == (Decimal("2.55"), "2011-03")


def test_it_says_which_prices_changed_and_which_were_confirmed() -> None:
    imported(as_csv([JANUARY]))
    assert _updated() == {"new": 1, "changed": 0, "same": 0}
    imported(as_csv([FEBRUARY]))
    assert _updated() == {"new": 0, "changed": 1, "same": 0}
    confirmed = line(InvoiceNo="5", InvoiceDate="2011-02-20 10:00:00", UnitPrice="2.95")
    imported(as_csv([confirmed]))
    assert _updated() == {"new": 0, "changed": 0, "same": 1}


def test_a_death_in_the_middle_leaves_the_rest_to_the_next_run() -> None:
    rows = sample()
    imported(as_csv(rows))
    prices.update_prices(new_lines.Span(0, OrderLine.objects.order_by("pk")[500].pk))
    assert 0 < Price.objects.count() < len(sums.prices(rows))
    _updated()
    assert _prices() == sums.prices(rows)
    assert _is_all_read()


def test_two_at_once_do_the_work_once(committed: None) -> None:
    imported(as_csv(sample()))
    unread = new_lines.unread(prices.READER)
    with another_session() as one, another_session() as two:
        both = [session.start(lambda: prices.update_prices(unread)) for session in (one, two)]
        found = [each.result(timeout=30)["new"] for each in both]
    assert sorted(found) == [0, Price.objects.count()]


def test_lines_of_an_import_that_runs_are_not_passed_over(committed: None) -> None:
    imported(as_csv([JANUARY]))
    with another_session() as reader:
        with transaction.atomic():
            merge(1, check([(2, FEBRUARY)])[0])
            unread = reader.start(lambda: new_lines.unread(prices.READER))
            _until_it_waits(reader)
        assert unread.result(timeout=30).upto == OrderLine.objects.latest("pk").pk
    _updated()
    assert _prices() == {"85123A": Decimal("2.95")}


def _until_it_waits(session: Session) -> None:
    while not session.waits_for_a_lock():
        pass


def _updated() -> object:
    return ran("shop.prices").result


def _prices() -> dict[str, Decimal]:
    return dict(Price.objects.values_list("product__code", "unit_price"))


def _is_all_read() -> bool:
    return Bookmark.objects.get(reader=prices.READER).line_id == OrderLine.objects.latest("pk").pk


def _versions() -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT product_id, ctid, xmin::text FROM shop_price ORDER BY 1")
        return list(cursor.fetchall())
