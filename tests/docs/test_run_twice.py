"""The examples of docs/run-twice.md do what the page says when they run twice."""

from types import ModuleType

import pytest
from django.db import connection

from apps.jobs import process, transitions
from apps.jobs.running.run import run
from apps.jobs.states import State
from tests.docs.blocks import ROOT, blocks
from tests.jobs import steps
from tests.jobs.conftest import committed  # noqa: F401  # a fixture
from tests.jobs.marks import execute

pytestmark = pytest.mark.django_db

PAGE = ROOT / "docs" / "run-twice.md"
TABLES = "CREATE TABLE account (name text, balance int); CREATE TABLE numbered (n int PRIMARY KEY)"


@pytest.fixture(autouse=True)
def tables(committed: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811  # the same
    monkeypatch.setattr(process, "_worker_id", steps.a_worker())
    execute("DROP TABLE IF EXISTS account; DROP TABLE IF EXISTS numbered")
    execute(f"{TABLES}; INSERT INTO account VALUES ('till', 0)")


def example(number: int) -> ModuleType:
    """Load a block of the page as the module that it shows."""
    module = ModuleType(f"example_{number}")
    exec(compile(blocks(PAGE, "python")[number], PAGE.name, "exec"), module.__dict__)  # the page's own words
    return module


def value(query: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()[0][0]


def test_an_atomic_job_that_lost_its_lease_changes_nothing() -> None:
    book = example(0).book
    claim = steps.running(process.worker_id(), kind="bank.book", args={"account": "till", "amount": 5})
    transitions.hand_back(process.worker_id())
    steps.delivered(claim, process.worker_id())
    assert run(book, claim) == "lease lost"
    again = steps.running(kind="bank.book", args={"account": "till", "amount": 5})
    assert run(book, again) == "succeeded"
    assert value("SELECT balance FROM account") == 5


def test_a_job_with_a_cursor_goes_on_after_its_last_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    module = example(1)
    claim = steps.running(kind="bank.number", args={"rows": 250})
    from_second_chunk_on = module.transaction.atomic

    def killed_in_the_third_chunk() -> object:
        if value("SELECT count(*) FROM numbered") == 200:
            raise SystemExit
        return from_second_chunk_on()

    monkeypatch.setattr(module, "transaction", ModuleType("transaction"))
    module.transaction.atomic = killed_in_the_third_chunk
    assert run(module.number, claim) == "retrying"
    module.transaction.atomic = from_second_chunk_on
    steps.released(claim.id)
    [again] = steps.delivered(claim, process.worker_id())
    assert run(module.number, again) == "succeeded"
    assert value("SELECT count(*) FROM numbered") == 250


def test_an_outside_effect_happens_once() -> None:
    module = example(2)
    charged: list[int] = []

    def charge(amount: int, key: str) -> dict[str, str]:
        charged.append(amount)
        return {"receipt": key}

    vars(module)["charge"] = charge
    for _ in range(2):
        claim = steps.running(kind="bank.charge", args={"order_id": 7, "amount": 100})
        assert run(module.charge_card, claim) == "succeeded"
        assert steps.state_of(claim.id) == State.SUCCEEDED
    assert charged == [100]
