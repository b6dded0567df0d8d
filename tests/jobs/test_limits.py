"""Limits: what is counted, and that the count is never passed by all workers together."""

from types import SimpleNamespace
from typing import Any

import pytest

from apps.jobs import limits
from apps.jobs.limits import Limit, Rate
from tests.kinds.add import add


def a_task(**declared: Any) -> Any:
    """Return a job type with these limits."""
    return SimpleNamespace(name="kinds.add", parameters=add.parameters, **declared)


class TestRates:
    @pytest.mark.parametrize(
        ("text", "jobs", "seconds"),
        [("10/min", 10, 60), ("1/s", 1, 1), (" 5 / Hour ", 5, 3600), ("7/day", 7, 86400), ("3/m", 3, 60)],
    )
    def test_a_rate_is_jobs_in_a_time(self, text: str, jobs: int, seconds: int) -> None:
        assert Rate.parse(text) == Rate(jobs, seconds)

    @pytest.mark.parametrize(
        "text", ["", "10", "10/", "/min", "0/min", "-1/min", "1.5/s", "10/fortnight", "10/min;"]
    )
    def test_what_is_no_rate_is_refused_with_the_way_to_write_it(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"is no rate. Write jobs per s, min, hour or day: 10/min."):
            Rate.parse(text)


class TestKeys:
    def test_a_kind_without_limits_has_no_key(self) -> None:
        assert limits.key_of(a_task(), {"a": 1}) == ""

    @pytest.mark.parametrize("declared", [{"limit": "1/s"}, {"concurrency": 1}])
    def test_a_limited_kind_is_its_own_key(self, declared: dict[str, Any]) -> None:
        assert limits.key_of(a_task(**declared), {"a": 1}) == "kinds.add"

    def test_one_argument_can_have_a_limit_for_each_of_its_values(self) -> None:
        task = a_task(concurrency=1, limit_by="a")
        assert limits.key_of(task, {"a": 7, "b": 1}) == "kinds.add:7"

    def test_an_argument_that_was_left_out_counts_as_its_default(self) -> None:
        task = a_task(concurrency=1, limit_by="b")
        assert limits.key_of(task, {"a": 7}) == limits.key_of(task, {"a": 8, "b": 1}) == "kinds.add:1"

    def test_a_value_of_any_length_makes_a_key_that_an_index_can_hold(self) -> None:
        task = a_task(concurrency=1, limit_by="a")
        long, longer = limits.key_of(task, {"a": "x" * 60_000}), limits.key_of(task, {"a": "x" * 60_001})
        assert long != longer
        assert max(len(long), len(longer)) < 200

    def test_a_limited_key_stands_in_a_lane_of_its_own(self) -> None:
        assert limits.lane_of("acme", "") == "acme"
        assert limits.lane_of("acme", "kinds.add:7") == "acme/kinds.add:7"
        assert limits.lane_of("", "kinds.add") == "/kinds.add"


def test_the_declared_limits_are_those_of_the_kinds_that_have_one() -> None:
    tasks = [a_task(), a_task(limit="10/min", concurrency=3), a_task(concurrency=1)]
    assert limits.declared(tasks) == [
        Limit("kinds.add", 3, Rate(10, 60)),
        Limit("kinds.add", 1, None),
    ]
