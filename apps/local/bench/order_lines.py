"""An import of order lines beside COPY of the same lines: what `manage.py bench import` runs; prints JSON."""

import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import django

django.setup()

from django.conf import settings  # noqa: E402  # needs Django set up, as below
from django.db import connection  # noqa: E402

_SAMPLE = Path("tests/data/order-lines-sample.csv")
_COPIES = 60  # of the sample: 180,000 rows
_COLUMNS = "order_id, product_id, import_id, invoiced_at, quantity, copy, unit_price, stock_code, description"


def measure() -> dict[str, float]:
    """Return rows a second through a job, from request to end, and as a ratio to COPY into the same table."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "order-lines.csv"
        with file.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows(_rows())
        command = [sys.executable, "manage.py", "import_orders", str(file), "--wait", "--json"]
        done = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    copied = _copy_rows_per_s()
    return {
        "rows": report["result"]["rows_read"],
        "rows_per_s": report["rows_per_second"],
        "copy_rows_per_s": round(copied),
        "ratio_to_copy": round(report["rows_per_second"] / copied, 2),
        "peak_memory_mb": report["result"]["peak_memory_mb"],
    }


def _rows() -> Iterator[list[str]]:
    """Yield a header and the sample again and again, each time with invoice numbers never seen before."""
    with (settings.BASE_DIR / _SAMPLE).open(encoding="utf-8", newline="") as file:
        header, *sample = csv.reader(file)
    yield header
    first = int(time.time()) % 10_000
    for copy in range(_COPIES):
        for number, *rest in sample:
            letter = number[:1] if number[:1].isalpha() else ""
            yield [f"{letter}{first}{copy:02}{number.removeprefix(letter)}", *rest]


def _copy_rows_per_s() -> float:
    """Copy every line there is into a twin of the table, keys and indexes and all."""
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY shop_orderline ({_COLUMNS}) TO STDOUT") as out:
            lines = [bytes(block) for block in out]
        cursor.execute("CREATE TABLE twin (LIKE shop_orderline INCLUDING ALL)")
        began = time.perf_counter()
        with cursor.copy(f"COPY twin ({_COLUMNS}) FROM STDIN") as into:
            for line in lines:
                into.write(line)
        took = time.perf_counter() - began
        cursor.execute("DROP TABLE twin")
    return len(lines) / took


if __name__ == "__main__":
    print(json.dumps(measure()))  # noqa: T201  # the bench reads it
