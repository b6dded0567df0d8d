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

MERGE_LOCK: Final = 0x73686F70_6C696E65  # "shopline"; among advisory locks


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
        _stage(cursor, staged)
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MERGE_LOCK])
        faults = _refuse_strays(cursor)
        details = {name: _upsert(cursor, name) for name in ("customers", "products", "orders")}
        cursor.execute(sql.text("merge_lines"), {"import_id": import_id})
        created, unchanged = cursor.fetchone()
    return Merged(created, unchanged, faults, details)


def _stage(cursor: CursorWrapper, staged: list[str]) -> None:
    cursor.execute(sql.text("stage"))
    with cursor.copy(sql.text("copy")) as copy:
        copy.write("".join(staged))
    cursor.execute(sql.text("stage_orders"))


def _refuse_strays(cursor: CursorWrapper) -> list[Fault]:
    """Take out rows that name another customer or country than their order does."""
    cursor.execute(sql.text("has_strays"))
    if not cursor.fetchone()[0]:
        return []
    cursor.execute(sql.text("refuse_strays"))
    faults = [_stray(*row) for row in cursor.fetchall()]
    cursor.execute(sql.text("stage_orders"))
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


def _upsert(cursor: CursorWrapper, table: str) -> dict[str, int]:
    cursor.execute(sql.text(f"merge_{table}"))
    created, updated = cursor.fetchone()
    return {"created": created, "updated": updated}
