"""The bundled sample, imported once into each database, so that the first page is not empty."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from apps.local.servers.private_files import read_if_there, write_private
from apps.local.supervise.once import Outcome, run_once

if TYPE_CHECKING:
    from apps.local.servers.layout import Layout
    from apps.local.supervise.child import Surroundings
    from apps.local.supervise.prepared import Prepared

SAMPLE = Path("tests/data/order-lines-sample.csv")


def demo_is_due(layout: Layout, database: str) -> bool:
    """Tell whether the sample was not yet imported into `database`, or has changed since."""
    return read_if_there(_marker(layout)) != _mark(layout, database)


def import_demo(layout: Layout, prepared: Prepared, surroundings: Surroundings) -> Outcome:
    """Import the sample as the first admin's job and wait for its end; remember only a success."""
    owner = ("--owner", prepared.admin) if prepared.admin else ()
    command = (sys.executable, "manage.py", "import_orders", str(SAMPLE), "--wait", *owner)
    outcome = run_once("demo", command, surroundings)
    if outcome.code == 0:
        write_private(_marker(layout), _mark(layout, prepared.database))
    return outcome


def _marker(layout: Layout) -> Path:
    return layout.state / "demo"


def _mark(layout: Layout, database: str) -> str:
    with (layout.project / SAMPLE).open("rb") as file:
        return f"{database} {hashlib.file_digest(file, 'sha256').hexdigest()}\n"
