"""A kind that was renamed shares its limits and its unique keys with its former names, also in a deploy."""

import pytest

from apps.jobs import Unique, job
from apps.jobs.kinds.limits import Limit
from apps.jobs.models import Slot
from apps.jobs.transitions import Rules, lanes
from tests.jobs.crowd import many_in_line
from tests.jobs.kinds.test_limits import DEPTHS, relayed, waiting
from tests.jobs.kinds.test_unique import made

pytestmark = pytest.mark.django_db


def _welcome(user_id: int) -> None: ...


@pytest.fixture
def _sharp_eyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "_LONGEST_S", 0.0)
    lanes._look_again_at.clear()


@pytest.mark.usefixtures("_sharp_eyed")
class TestLimits:
    before = Limit("kinds.plus", 3, None)
    after = Limit("kinds.sum", 3, None, aliases=("kinds.plus",))

    @DEPTHS
    def test_jobs_under_a_former_name_count_with_those_under_the_new_one(self, depth: int) -> None:
        waiting(depth, "kinds.plus", kind="kinds.plus")
        waiting(depth, "kinds.plus", kind="kinds.sum")
        rules = Rules(limits=[self.after])
        assert len(relayed(rules)) == 3
        assert relayed(rules) == []

    @DEPTHS
    def test_a_keeper_of_the_release_before_holds_the_same_limit(self, depth: int) -> None:
        waiting(depth, "kinds.plus", kind="kinds.sum")
        waiting(2, "kinds.plus", kind="kinds.plus")
        old = Rules(limits=[self.before], known=["kinds.plus"])
        assert len(relayed(old)) == 3
        assert relayed(Rules(limits=[self.after])) == relayed(old) == []

    @DEPTHS
    def test_a_key_that_was_stored_with_another_first_name_counts_too(self, depth: int) -> None:
        waiting(depth, "kinds.sum:7", kind="kinds.sum")
        waiting(depth, "kinds.plus:7", kind="kinds.sum")
        rules = Rules(limits=[self.after])
        assert len(relayed(rules)) == 3
        assert set(Slot.objects.values_list("key", flat=True)) == {"kinds.plus:7"}
        assert relayed(rules) == []

    def test_what_nobody_limits_goes_though_its_kind_is_unknown(self) -> None:
        ids = many_in_line(3, kind="kinds.new")
        assert relayed(Rules(limits=[self.before], known=["kinds.plus"])) == ids


class TestKeys:
    """Two releases side by side, as one process cannot have them: each knows the kind by another name."""

    before = job("odd.hail", unique=Unique())(_welcome)
    after = job("odd.greet", aliases=("odd.hail_of_old",), unique=Unique())(_welcome)

    @pytest.fixture(autouse=True)
    def _same_kind(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(self.after, "aliases", ("odd.hail",))

    def test_a_job_of_the_release_before_keeps_the_new_name_away(self) -> None:
        first = made(self.before, 1)
        assert made(self.after, 1) == first
        assert self.after.enqueue_many([(1,), (2,)]) == 1

    def test_a_job_of_the_release_after_keeps_the_old_name_away(self) -> None:
        first = made(self.after, 1)
        assert made(self.before, 1) == first

    def test_a_caller_s_own_key_means_the_same_job_to_both(self) -> None:
        first = made(self.before, 1, idempotency_key="order 7")
        assert made(self.after, 2, idempotency_key="order 7") == first
