"""What an ordinary install of this project can bring: no release that a package it needs does not know."""

import tomllib

import pytest
from packaging.requirements import Requirement

from tests.contracts.tree import ROOT


def requirement(name: str) -> Requirement:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [found] = [one for one in map(Requirement, project["dependencies"]) if one.name == name]
    return found


@pytest.mark.parametrize(
    ("name", "wanted", "never"),
    [
        # django-celery-beat 2.9 stops before Django 6.1: beside that one, pip would bring 2.1
        ("django", "5.2.19", "6.1"),
        ("django-celery-beat", "2.9.0", "2.1.0"),
    ],
)
def test_a_release_that_breaks_schedules_cannot_be_installed(name: str, wanted: str, never: str) -> None:
    specifier = requirement(name).specifier
    assert specifier.contains(wanted)
    assert not specifier.contains(never)
