"""Brings a chunk of checked order lines into the tables: staged by COPY, then one statement a table.

Runs inside the caller's transaction. One merge at a time: two imports of the same
lines would else both find them missing, and lock customers in different orders.
"""

from dataclasses import dataclass, field
from typing import Final

from django.db import connection
from django.db.backends.utils import CursorWrapper

from apps.shop.order_lines import sql
from apps.shop.order_lines.fault import Fault

TABLES: Final = ("customers", "products", "orders")  # in the order in which they refer to one another


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of a chunk."""

    created: int
    unchanged: int
    faults: list[Fault]
    details: dict[str, dict[str, int]] = field(default_factory=dict)
    updated: int = 0  # a line is never changed


def merge(import_id: int, staged: list[str]) -> Merged:
    """Bring lines in; rows that contradict the order they belong to come back as faults."""
    if not staged:
        return Merged(0, 0, [])
    with connection.cursor() as cursor:
        faults = _stage(cursor, staged)
        *upserted, (created, unchanged) = sql.run(
            cursor, *(f"merge_{table}" for table in TABLES), "merge_lines", import_id=import_id
        )
    details = {
        table: {"created": new, "updated": changed}
        for table, (new, changed) in zip(TABLES, upserted, strict=True)
    }
    return Merged(created, unchanged, faults, details)


def _stage(cursor: CursorWrapper, staged: list[str]) -> list[Fault]:
    """Copy rows to the temporary tables; take out those that contradict their order, and return why."""
    sql.run(cursor, "stage")
    with cursor.copy(sql.text("copy")) as copy:
        copy.write("".join(staged))
    *_, (has_strays,) = sql.run(cursor, "stage_orders", "take_turns", "has_strays")
    if not has_strays:
        return []
    cursor.execute(sql.text("refuse_strays"))
    faults = [_stray(*row) for row in cursor.fetchall()]
    sql.run(cursor, "stage_orders")
    return faults


def _stray(row: int, number: str, says: int | None, where: str, customer: int | None, country: str) -> Fault:
    return Fault(
        row,
        "CustomerID" if says != customer else "Country",
        "Order contradicts itself",
        f"Order {number} is {_whose(customer)} in {country}; this row says {_whose(says)} in {where}. "
        "Expected one customer and one country for all rows of an order.",
    )


def _whose(customer: int | None) -> str:
    return "a guest's" if customer is None else f"customer {customer}'s"
