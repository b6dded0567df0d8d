"""The quick faults of `manage.py chaos`, one after the other on one rig: none loses or doubles anything."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from apps.local.chaos.faults import crash_points
from apps.local.chaos.faults.table import FAULTS
from apps.local.chaos.rig import Plan, Rig
from apps.local.chaos.run import run_on
from apps.local.chaos.throughput import ENOUGH, MS, measure
from apps.local.chaos.trial import Load, Trial
from apps.local.chaos.verdict import Verdict
from tests.faketime import needs_faketime

QUICK = ("F01", "F20", "F25", "F44", "F60")


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with Rig(Plan(is_cabled=True)) as rig:
        yield rig


@pytest.mark.parametrize("code", QUICK)
def test_a_fault_under_load_loses_nothing_and_doubles_no_effect(rig: Rig, code: str) -> None:
    assert_sound(run_on(rig, FAULTS[code], seed=1, jobs=40))


def test_a_process_dies_at_every_point_of_a_child_and_nothing_is_lost(rig: Rig) -> None:
    sweep = partial(crash_points.sweep, points=crash_points.IN_A_CHILD)
    verdict = run_on(rig, replace(FAULTS["F27"], inject=sweep), seed=1, jobs=40)
    assert_sound(verdict)
    points = len(crash_points.IN_A_CHILD)
    assert f"{points}/{points} points" in verdict.note


def test_a_rig_that_lost_a_worker_has_not_recovered(rig: Rig) -> None:
    rig.restore()
    trial = Trial(rig, Load(), seed=1)
    trial.warm_up()
    rig.processes["worker1"].kill()
    half = measure(trial)
    rig.restore()
    whole_per_s = 2 * rig.plan.concurrency * 1000 / MS  # what two workers can do, whatever the machine does
    assert half.per_s <= whole_per_s / 2 < ENOUGH * whole_per_s
    assert half.cpu_ms > 0


@pytest.mark.chaos  # a minute and a half
@needs_faketime
def test_clocks_that_jump_double_no_moment_and_lose_none() -> None:
    with Rig(FAULTS["F34"].plan) as rig:
        verdict = run_on(rig, FAULTS["F34"], seed=1, jobs=40)
    assert_sound(verdict)
    assert "0 fired twice" in verdict.note


def assert_sound(verdict: Verdict) -> None:
    """Let everything have ended, and each effect have happened once."""
    assert verdict.ran, verdict.note
    assert (verdict.lost, verdict.doubled_effects, verdict.broken) == (0, 0, []), verdict
    assert verdict.jobs >= 40
