"""Who leads keeps the lead with its session: while that lives it need not ask at every turn."""

import pytest
from django.db import connection

from apps.jobs.keeper import keeper, lead
from apps.jobs.keeper.keeper import Keeper
from tests.jobs.steps import another_session

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What every question for the lead was answered."""
    answers: list[bool] = []
    leads = lead.leads

    def ask() -> bool:
        answers.append(leads())
        return answers[-1]

    monkeypatch.setattr(lead, "leads", ask)
    connection.close()
    return answers


def test_a_leader_does_not_ask_again_within_a_second(asked: list[bool]) -> None:
    leader = Keeper()
    assert [leader._leads() for _ in range(5)] == [True] * 5
    assert asked == [True]


def test_and_asks_after_that(asked: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "_ASK_AGAIN_S", 0.0)
    leader = Keeper()
    assert [leader._leads() for _ in range(3)] == [True] * 3
    assert asked == [True] * 3


def test_a_leader_with_another_session_asks_at_once(asked: list[bool]) -> None:
    leader = Keeper()
    assert leader._leads()
    connection.close()
    with another_session() as other:
        assert other.do(lead.leads)
        assert not leader._leads()
    assert asked == [True, True, False]


def test_one_that_stands_by_asks_every_time(asked: list[bool]) -> None:
    with another_session() as other:
        assert other.do(lead.leads)
        second = Keeper()
        assert [second._leads() for _ in range(2)] == [False, False]
    assert asked == [True, False, False]


def test_a_leader_s_session_plans_by_the_indexes(asked: list[bool]) -> None:
    assert lead.leads()
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('enable_seqscan'), current_setting('enable_bitmapscan')")
        assert cursor.fetchall() == [("off", "off")]
    connection.close()
