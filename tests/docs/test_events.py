"""What docs/events.md shows works as it says."""

import re
from decimal import Decimal
from types import ModuleType

import pytest
from django.core.management import call_command

from apps.events import emit, emit_many
from apps.events.event import known
from apps.events.listeners import faults, listeners_of
from apps.events.models import Delivery, Fact
from apps.jobs.models import Job
from tests.docs.blocks import ROOT, blocks

PAGE = ROOT / "docs" / "events.md"
SAID, LET_BE_KNOWN, LISTEN = range(3)


def shown(number: int, **names: object) -> ModuleType:
    """Run one of the page's blocks, as it is printed, with what its reader knows by then."""
    module = ModuleType("tasks.shop.from_the_page_of_events")
    vars(module).update(names)
    exec(compile(blocks(PAGE, "python")[number], str(PAGE), "exec"), module.__dict__)  # the page's own words
    return module


@pytest.fixture(scope="session")  # once a process: a name can be given once
def page() -> ModuleType:
    """Load the page's event and its listener."""
    return shown(LISTEN, **vars(shown(SAID)))


@pytest.mark.django_db
def test_the_example_is_emitted_and_heard(page: ModuleType) -> None:
    assert faults(page.thank) == []
    shown(LET_BE_KNOWN, emit=emit, emit_many=emit_many, OrderPlaced=page.OrderPlaced, Decimal=Decimal)
    shown(LET_BE_KNOWN, emit=emit, emit_many=emit_many, OrderPlaced=page.OrderPlaced, Decimal=Decimal)
    assert Fact.objects.filter(key="order 8").count() == 1
    assert Fact.objects.count() == 2 * 102 - 1
    first = Delivery.objects.earliest("id")
    assert Job.objects.get(pk=first.job_id).args == {"order_id": 7}


@pytest.mark.django_db
def test_its_commands_run(capsys: pytest.CaptureFixture[str]) -> None:
    lines = "".join(blocks(PAGE, "sh")).splitlines()
    assert len(lines) == 2
    for line in lines:
        call_command(*re.findall(r'"[^"]+"|\S+', line.removeprefix("python manage.py ")))
    assert "No event matches." in capsys.readouterr().out


def test_it_names_every_event_that_ships_and_who_listens() -> None:
    shipped = {name for name, event in known().items() if event.__module__.startswith("apps.")}
    rows = dict(
        re.findall(r"^\| `([\w.]+)` \| .* \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert rows.keys() == shipped
    for name, who in rows.items():
        listeners = [task.name for task in listeners_of(name) if task.__module__.startswith("tasks.")]
        assert re.findall(r"`([a-z_]+\.[a-z_]+)`", who) == listeners
