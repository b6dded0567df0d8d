"""Ids sort by the moment they were made, and say that moment."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.lib import ids
from apps.lib.ids import first_id_of, ids_in_order, made_at, new_id

MILLISECOND = timedelta(milliseconds=1)
moments = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


def test_an_id_is_a_version_7_uuid() -> None:
    made = new_id()
    assert (made.version, made.variant) == (7, RFC_4122)


def test_an_id_says_when_it_was_made() -> None:
    before = datetime.now(UTC) - MILLISECOND
    assert before <= made_at(new_id()) <= datetime.now(UTC)


def test_ids_of_later_milliseconds_are_greater() -> None:
    first = new_id()
    while made_at(later := new_id()) == made_at(first):
        pass
    assert later > first


def test_ids_of_one_process_increase_within_a_millisecond() -> None:
    made = [new_id() for _ in range(10_000)]
    assert made == sorted(set(made))


def test_ids_increase_while_the_clock_is_adjusted_by_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    before = new_id()
    earlier = time.time_ns() - 5_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: earlier)
    assert before < new_id() < new_id()


def test_ids_follow_a_clock_that_is_set_back_by_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    before = new_id()
    earlier = time.time_ns() - 3_600_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: earlier)
    assert new_id() < new_id() < before


def test_ids_increase_in_a_forked_process_whose_parent_held_the_lock() -> None:
    def child(pipe: int) -> None:
        os.write(pipe, b"".join(new_id().bytes for _ in range(100)))

    before = new_id()
    reader, writer = os.pipe()
    with ids._lock:
        pid = os.fork()
        if pid == 0:
            child(writer)
            os._exit(0)
    os.waitpid(pid, 0)
    text = os.read(reader, 1600)
    os.close(reader)
    os.close(writer)
    made = [UUID(bytes=text[at : at + 16]) for at in range(0, 1600, 16)]
    assert [before, *made] == sorted({before, *made})


def test_ids_of_each_thread_increase_and_none_is_made_twice() -> None:
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: [new_id() for _ in range(5000)], range(4)))
    assert all(each == sorted(each) for each in made)
    assert len({one for each in made for one in each}) == 20_000


def test_ids_made_at_once_in_many_threads_are_all_different() -> None:
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: new_id(), range(20_000)))
    assert len(set(made)) == len(made)


@given(moments)
def test_the_first_id_of_a_moment_names_that_moment_to_the_millisecond(moment: datetime) -> None:
    assert made_at(first_id_of(moment)) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@given(moments, st.timedeltas(MILLISECOND, timedelta(days=365)))
def test_first_ids_sort_as_their_moments_do(moment: datetime, later: timedelta) -> None:
    end = min(moment + later, datetime(9999, 12, 31, tzinfo=UTC))
    if end - moment >= MILLISECOND:
        assert first_id_of(moment) < first_id_of(end)


def test_no_id_lies_before_the_first_id_of_its_moment() -> None:
    made = new_id()
    assert first_id_of(made_at(made)) <= made < first_id_of(made_at(made) + MILLISECOND)


def test_another_time_zone_changes_nothing() -> None:
    moment = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert first_id_of(moment) == first_id_of(moment.astimezone())


def test_ids_made_in_order_are_ids_like_others_and_each_is_greater() -> None:
    before = datetime.now(UTC) - MILLISECOND
    made = [UUID(digits) for digits in islice(ids_in_order(), 20_000)]
    assert made == sorted(set(made))
    assert {(one.version, one.variant) for one in made} == {(7, RFC_4122)}
    assert before <= made_at(made[0]) <= made_at(made[-1]) <= datetime.now(UTC) + timedelta(milliseconds=10)


def test_two_who_make_ids_in_order_at_once_never_make_the_same() -> None:
    one, other = ids_in_order(), ids_in_order()
    assert len({next(source) for _ in range(5000) for source in (one, other)}) == 10_000
