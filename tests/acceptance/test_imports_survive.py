"""A long import is killed, with its worker or its database, and still brings in exactly the rows of its file.

`make chaos` does the same with half a million rows, or with the file that BACKLINE_CHAOS_FILE names.
"""

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance.machine import Machine, kill_group
from tests.shop.lines import Row, as_csv, read, sample

REBUILT = """
SELECT o.number, l.stock_code, l.description, l.quantity::text,
       to_char(l.invoiced_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
       l.unit_price::float8, c.number, o.country
  FROM shop_orderline l
  JOIN shop_order o ON o.id = l.order_id
  LEFT JOIN shop_customer c ON c.id = o.customer_id
"""

STATE = (
    "SELECT state FROM jobs_job WHERE kind = 'imports.order_lines' ORDER BY id DESC LIMIT 1"  # beside alerts
)
QUICK, WHOLE = 30, 180  # copies of the sample, each with invoice numbers of its own
sizes = pytest.mark.parametrize("copies", [QUICK, pytest.param(WHOLE, marks=pytest.mark.chaos)])


@sizes
def test_three_killed_workers_cost_no_row_and_double_none(machine: Machine, copies: int) -> None:
    rows, file = _file(machine.directory, copies)
    machine.keeper()
    worker = machine.worker("imports1")
    machine.manage("import_orders", str(file))
    for number in (2, 3, 4):
        _further(machine)
        kill_group(worker)
        worker = machine.worker(f"imports{number}")
    _ended(machine)
    assert _in_the_shop(machine) == rows
    assert machine.value("SELECT max(attempt) FROM jobs_job WHERE kind = 'imports.order_lines'") == 4


@sizes
def test_a_killed_database_costs_no_row_and_doubles_none(machine: Machine, copies: int) -> None:
    rows, file = _file(machine.directory, copies)
    machine.keeper()
    machine.worker()
    machine.manage("import_orders", str(file))
    _further(machine)
    machine.postgres.kill()
    machine.postgres.start()
    _ended(machine)
    assert _in_the_shop(machine) == rows


def test_the_sample_leaves_its_seven_faulty_rows_and_changes_nothing_the_second_time(
    machine: Machine,
) -> None:
    machine.keeper()
    machine.worker()
    printed = machine.manage("import_orders", "tests/data/order-lines-sample.csv", "--wait")
    assert machine.value("SELECT count(*) FROM transfers_rejectedrow") == 7, printed
    assert _in_the_shop(machine) == Counter(map(_as_numbers, sample()))
    again = machine.manage("import_orders", "tests/data/order-lines-sample.csv", "--wait")
    assert "unchanged" in again
    assert _in_the_shop(machine) == Counter(map(_as_numbers, sample()))


def _file(directory: Path, copies: int) -> tuple[Counter[tuple[object, ...]], Path]:
    """Return the rows that have to be there in the end, and the file that holds them."""
    named = os.environ.get("BACKLINE_CHAOS_FILE")
    if named and copies == WHOLE:
        file = Path(named)
        return Counter(map(_as_numbers, read(file.read_text(encoding="utf-8")))), file
    rows = [_renumbered(row, copy) for copy in range(copies) for row in sample()]
    file = directory / "long.csv"
    file.write_text(as_csv(rows), encoding="utf-8")
    return Counter(map(_as_numbers, rows)), file


def _renumbered(row: Row, copy: int) -> Row:
    number = row[0]
    letter = number[:1] if number[:1].isalpha() else ""
    return (f"{letter}{copy + 1}{number.removeprefix(letter)}", *row[1:])


def _as_numbers(row: Row) -> tuple[object, ...]:
    customer = int(float(row[6])) if row[6] else None
    return (*row[:5], float(row[5]), customer, row[7])


def _in_the_shop(machine: Machine) -> Counter[tuple[object, ...]]:
    return Counter(machine.ask(REBUILT))


def _further(machine: Machine) -> None:
    """Wait until another chunk was committed."""
    before = machine.value("SELECT coalesce(sum(rows_read), 0) FROM transfers_import")
    grown = "SELECT coalesce(sum(rows_read), 0) FROM transfers_import"
    machine.until(lambda: machine.value(grown) > before, "another chunk is in")


def _ended(machine: Machine) -> None:
    machine.until(lambda: machine.value(STATE) == 6, "the import ends", patience=180)
