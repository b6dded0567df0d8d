"""docs/celery.md names every option, setting and command of Celery, and says truly what is refused."""

import inspect
import re

import pytest
from celery import Celery, Task
from celery.app.defaults import NAMESPACES, flatten
from celery.bin.celery import celery as commands
from celery.worker.control import Panel

from apps.jobs.celery_settings import OTHER_BACKENDS, REFUSED
from apps.jobs.enqueuing.options import stored
from apps.jobs.kinds.celery_attributes import ALWAYS, RULES
from tests.docs.blocks import ROOT
from tests.kinds.add import add

PAGE = (ROOT / "docs/celery.md").read_text(encoding="utf-8")
# Of the class itself, or found out from the function.
INTERNAL = {
    "MaxRetriesExceededError",
    "OperationalError",
    "Request",
    "abstract",
    "app",
    "from_config",
    "request_stack",
}


def rows(section: str) -> dict[str, str]:
    """Return what a section's tables say of each name."""
    text = re.split(r"^###? ", PAGE.partition(f"### {section}\n")[2], flags=re.MULTILINE)[0]
    lines = re.findall(r"^\| (`.*`) \| (.*) \|$", text, re.MULTILINE)
    return {name: said for names, said in lines for name in re.findall(r"`(\w+)`", names)}


def refused(section: str) -> set[str]:
    return {name for name, said in rows(section).items() if said.startswith("Refused")}


def test_every_attribute_of_a_task_is_named() -> None:
    attributes = {name for name, value in vars(Task).items() if _is_an_attribute(name, value)}
    assert (attributes | {name for name, _ in Task.from_config}) - INTERNAL <= set(rows("On a task"))
    assert refused("On a task") == set(RULES)
    always = {name for name, said in rows("On a task").items() if said.startswith("always so")}
    assert always <= set(ALWAYS)


def test_every_option_of_a_call_is_named() -> None:
    accepted = set(inspect.signature(Task.apply_async).parameters)
    accepted |= set(inspect.signature(Celery.send_task).parameters)
    accepted |= set(add._get_exec_options())  # type: ignore[attr-defined]  # missing from the stubs
    assert accepted - {"self", "name", "args", "kwargs", "options"} == set(rows("In a call"))


@pytest.mark.parametrize("option", sorted(rows("In a call")))
def test_what_is_refused_in_a_call_is_refused_and_nothing_else(option: str) -> None:
    fault = _fault_of(option)
    assert (option in refused("In a call")) == (f"cannot keep {option}" in fault)
    assert not fault or option in fault


def test_every_setting_is_named() -> None:
    known = set(dict(flatten(NAMESPACES)))
    assert set(rows("Settings")) == known
    others = {name for name in known if name.startswith(OTHER_BACKENDS)}
    assert refused("Settings") == set(REFUSED) | others


def test_every_command_is_named() -> None:
    assert set(commands.commands) | set(Panel.meta) == set(rows("Commands"))


def _fault_of(option: str) -> str:
    """Return why five is refused for an option; nothing when it is taken, or is no value of its kind."""
    none_of_five = {"task_id", "eta", "link", "link_error", "chain", "chord"}
    try:
        stored("kinds.add", {option: None if option in none_of_five else 5})
    except (TypeError, ValueError) as error:
        return str(error)
    return ""


def _is_an_attribute(name: str, value: object) -> bool:
    is_code = callable(value) and not isinstance(value, type)
    return not name.startswith("_") and not is_code and not isinstance(value, classmethod | property)
