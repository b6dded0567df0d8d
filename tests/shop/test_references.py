"""Order lines refer to orders and products that exist, also when somebody deletes one at the same moment."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from apps.shop.models import Order, OrderLine, Product
from tests.jobs.steps import Session, another_session

Parent = type[Order] | type[Product]

pytestmark = pytest.mark.django_db
PARENTS = pytest.mark.parametrize("parent", [Order, Product])


def an_order() -> Order:
    """Make an order."""
    return Order.objects.create(
        number="536365", kind="sale", country="France", ordered_at="2010-12-01T08:26Z"
    )


def a_product() -> Product:
    """Make a product."""
    return Product.objects.create(code="85123A", kind="product")


def add_line(order_id: int, product_id: int) -> OrderLine:
    """Add a line to an order."""
    return OrderLine.objects.create(
        order_id=order_id,
        product_id=product_id,
        invoiced_at="2010-12-01T08:26Z",
        quantity=1,
        unit_price=1,
        stock_code="85123A",
    )


def delete(parent: Parent) -> int:
    """Delete every row of a table, past Django's own protection."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {parent._meta.db_table}")
        return int(cursor.rowcount)


def test_a_line_needs_its_order_and_its_product() -> None:
    order, product = an_order(), a_product()
    with pytest.raises(IntegrityError, match="refers to order 0, which does not exist"), transaction.atomic():
        add_line(0, product.pk)
    with (
        pytest.raises(IntegrityError, match="refers to product 0, which does not exist"),
        transaction.atomic(),
    ):
        add_line(order.pk, 0)
    add_line(order.pk, product.pk)
    for changes in ({"order_id": 0}, {"product_id": 0}):
        with pytest.raises(IntegrityError, match="does not exist"), transaction.atomic():
            OrderLine.objects.update(**changes)


@PARENTS
def test_what_a_line_refers_to_cannot_go(parent: Parent) -> None:
    line = add_line(an_order().pk, a_product().pk)
    with pytest.raises(IntegrityError, match="cannot be deleted"), transaction.atomic():
        delete(parent)
    with pytest.raises(IntegrityError, match="cannot change"), transaction.atomic():
        parent.objects.update(id=F("id") + 1)
    line.delete()
    assert delete(parent) == 1


@pytest.mark.django_db(transaction=True)
@PARENTS
def test_who_deletes_waits_for_a_line_that_is_being_added_and_is_refused(parent: Parent) -> None:
    order, product = an_order(), a_product()
    with another_session() as other:
        with transaction.atomic():
            add_line(order.pk, product.pk)
            deletion = other.start(lambda: delete(parent))
            _until_it_waits(other)
        with pytest.raises(IntegrityError, match="cannot be deleted"):
            deletion.result(timeout=30)
    assert parent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@PARENTS
def test_who_adds_a_line_waits_for_a_deletion_and_is_refused(parent: Parent) -> None:
    order, product = an_order(), a_product()
    with another_session() as other:
        with transaction.atomic():
            delete(parent)
            addition = other.start(lambda: add_line(order.pk, product.pk))
            _until_it_waits(other)
        with pytest.raises(IntegrityError, match="does not exist"):
            addition.result(timeout=30)
    assert not OrderLine.objects.exists()


def _until_it_waits(session: Session) -> None:
    while not session.waits_for_a_lock():
        pass
