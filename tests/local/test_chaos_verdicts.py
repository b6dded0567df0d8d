"""Each verdict of the judge on a record that must break it, and on one that must not."""

from __future__ import annotations

import pytest

from apps.local.chaos import bounds
from apps.local.chaos.bounds import Bound
from apps.local.chaos.endings import Endings, cut_off, wronged
from apps.local.chaos.executions import Gap, unexplained
from apps.local.chaos.faults.table import FAULTS
from apps.local.chaos.rescues import OF_A_CHILD, OF_A_WORKER, Rescue, late, waits_of
from apps.local.chaos.sink import Line
from apps.local.chaos.trial import Broken

BOUNDS = [bound for bound in vars(bounds).values() if isinstance(bound, Bound)]
KILLS_AT_WORK = ("F01", "F02", "F03", "F04", "F05", "F06", "F27", "F34", "F41")
ONLY_THE_BROKER = ("F19", "F20", "F21", "F22", "F23", "F24", "F30", "F31", "F32", "F44")


def begun(job: str, *times: float) -> list[Line]:
    return [Line(at, "begun", job, "plain", 7) for at in times]


@pytest.fixture
def free_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getloadavg", lambda: (0.5, 0.0, 0.0))


class TestEndings:
    ENDED = Endings(dead={"poison", "neighbour"}, cancelled={"asked"}, cut_off=set())

    def test_a_neighbour_that_is_set_aside_beside_bad_jobs_breaks_a_promise(self) -> None:
        [told] = wronged(self.ENDED, may_die={"poison"}, may_be_cancelled={"asked"})
        assert told.startswith("I4: 1 jobs were set aside that did nothing wrong, such as neighbour")

    def test_a_job_that_is_cancelled_unasked_breaks_a_promise(self) -> None:
        [told] = wronged(self.ENDED, may_die={"poison", "neighbour"}, may_be_cancelled=set())
        assert "1 jobs were cancelled that nobody asked to stop" in told

    def test_what_the_fault_meant_breaks_none(self) -> None:
        meant = {"poison", "neighbour"}
        assert list(wronged(self.ENDED, may_die=meant, may_be_cancelled={"asked"})) == []

    def test_an_effect_that_was_cut_off_waits_for_a_person_and_breaks_none(self) -> None:
        ended = Endings(dead={"charge"}, cancelled=set(), cut_off={"charge"})
        assert list(wronged(ended, may_die=set(), may_be_cancelled=set())) == []

    def test_an_effect_that_nobody_began_before_cannot_be_cut_off(self) -> None:
        assert cut_off({"rescued", "fresh"}, {"rescued": 2, "fresh": 1}) == {"rescued"}


class TestExecutions:
    def test_an_execution_more_than_the_ledger_has_reasons_for_is_found(self) -> None:
        lines = begun("a", 1.0, 2.0, 3.0)
        assert unexplained(lines, {"a": 1}, []) == {"a"}
        assert unexplained(lines, {"a": 2}, []) == set()

    def test_one_execution_needs_no_reason(self) -> None:
        assert unexplained(begun("a", 1.0) + begun("b", 2.0), {}, []) == set()

    @pytest.mark.parametrize(("since", "until", "explains"), [(5, 6, True), (7, 8, False), (1, 2, False)])
    def test_a_database_that_died_between_two_executions_explains_the_second(
        self, since: float, until: float, explains: bool
    ) -> None:
        found = unexplained(begun("a", 4.5, 6.5), {}, [Gap(since, until)])
        assert (found == set()) is explains

    def test_only_where_a_claim_may_be_lost_may_plain_jobs_be_repeated(self) -> None:
        assert not any(FAULTS[code].repeats for code in ("F00", *ONLY_THE_BROKER))
        assert all(FAULTS[code].repeats for code in KILLS_AT_WORK)


class TestRescues:
    def test_a_job_that_begins_again_too_late_breaks_a_promise(self) -> None:
        [told] = late([0.3, 1.4], OF_A_CHILD, slowness=1.0)
        assert told.startswith("I6: 1 of 2 jobs whose process was killed began again later than 1.0 s")
        assert list(late([15.1], OF_A_WORKER, slowness=1.0))

    def test_one_in_time_breaks_none(self) -> None:
        assert list(late([0.3, 0.9], OF_A_CHILD, slowness=1.0)) == []
        assert list(late([14.0], OF_A_WORKER, slowness=1.0)) == []

    def test_others_that_want_the_processors_stretch_the_bound(self) -> None:
        assert list(late([2.5], OF_A_CHILD, slowness=3.0)) == []
        assert list(late([3.5], OF_A_CHILD, slowness=3.0))

    def test_a_fault_without_a_bound_says_why_and_is_not_judged(self) -> None:
        assert list(late([99.0], Rescue(because="nobody is there"), slowness=1.0)) == []

    def test_a_fault_that_kills_and_says_nothing_breaks_a_promise(self) -> None:
        assert list(late([0.1], None, slowness=1.0))
        assert list(late([], None, slowness=1.0)) == []

    @pytest.mark.parametrize("code", KILLS_AT_WORK)
    def test_each_fault_that_kills_at_work_has_a_bound_or_a_reason(self, code: str) -> None:
        rescue = FAULTS[code].rescue
        assert rescue is not None
        assert (rescue.within_s is None) == bool(rescue.because)

    def test_what_an_orphan_brings_to_an_end_needs_no_rescue(self) -> None:
        lines = [*begun("a", 1.0), Line(2.5, "done", "a", "plain", 7), *begun("a", 9.0)]
        assert waits_of(lines, 2.0, frozenset({7})) == []


@pytest.mark.usefixtures("free_machine")
class TestBounds:
    @pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.what)
    def test_a_figure_beyond_its_bound_breaks_a_promise_and_one_at_it_does_not(self, bound: Bound) -> None:
        bound.check(bound.most)
        with pytest.raises(Broken, match="at most"):
            bound.check(bound.most * 1.01 + 0.01)

    def test_seconds_stretch_with_the_machine_and_counts_do_not(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("os.getloadavg", lambda: (1000.0, 0.0, 0.0))
        bounds.TAKEOVER.check(bounds.TAKEOVER.most + 1)
        bounds.ENQUEUE.check(bounds.ENQUEUE.most + 1)
        with pytest.raises(Broken):
            bounds.DEADLOCKS.check(1)

    def test_others_that_wait_as_long_as_the_flood_break_a_promise(self) -> None:
        bounds.check_fairness(others_s=0.9, own_s=0.9)  # nobody notices that
        bounds.check_fairness(others_s=1.5, own_s=4.0)
        with pytest.raises(Broken, match="beside a flood"):
            bounds.check_fairness(others_s=3.0, own_s=4.0)

    def test_a_zombie_whose_writes_nobody_refused_would_be_seen(self) -> None:
        assert all(FAULTS[code].stale >= 1 for code in ("F13", "F14", "F15"))
