"""A duty with much to do goes on for a while; then the others have their turn."""

import pytest

from apps.jobs import stretch
from apps.jobs.stretch import at_a_stretch


def test_it_looks_again_while_there_is_more() -> None:
    looks = iter([(500, True), (500, True), (3, False), (7, False)])
    assert at_a_stretch(lambda: next(looks)) == 1003
    assert next(looks) == (7, False)


def test_it_ends_when_its_time_is_over_though_there_is_more(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 100.1, 100.2, 100.31])
    monkeypatch.setattr(stretch, "monotonic", lambda: next(clock))
    assert at_a_stretch(lambda: (500, True)) == 1500


def test_it_looks_once_however_late_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretch, "_AT_A_STRETCH_S", -1.0)
    assert at_a_stretch(lambda: (500, True)) == 500
