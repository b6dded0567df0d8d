"""Arguments are checked against the function's hints, stored as JSON, and typed again when the body runs."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.jobs.kinds.arguments import signature_of
from apps.jobs.kinds.validate import Validator

MOMENT = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
SOME_ID = UUID("018f3a3c-2d1b-7c3e-8a4f-5b6c7d8e9f00")


class Colour(Enum):
    """A value by its name."""

    RED = "red"


@dataclass
class Point:
    """Two numbers."""

    x: int
    y: int


def of(function: Callable[..., object]) -> Validator:
    """Return what checks a function's arguments."""
    return Validator("k", function, signature_of(function, wants_context=False))


def takes(hint: Any) -> Validator:
    """Return what checks one argument of a type."""

    def body(value: object) -> None: ...

    body.__annotations__["value"] = hint
    return of(body)


def _send(to: int, text: str = "x", *, at: date | None = None, password: int = 0) -> None: ...


send = of(_send)


@pytest.mark.parametrize(
    ("hint", "given_value", "stored", "read"),
    [
        (int, "7", 7, 7),
        (int, 7.0, 7, 7),
        (float, 7, 7.0, 7.0),
        (bool, "yes", True, True),
        (str, "Ünï", "Ünï", "Ünï"),
        (date, date(2026, 3, 29), "2026-03-29", date(2026, 3, 29)),
        (date, "2026-03-29", "2026-03-29", date(2026, 3, 29)),
        (datetime, MOMENT, "2026-03-29T01:30:00Z", MOMENT),
        (timedelta, timedelta(minutes=5), "PT5M", timedelta(minutes=5)),
        (UUID, SOME_ID, str(SOME_ID), SOME_ID),
        (UUID, str(SOME_ID), str(SOME_ID), SOME_ID),
        (Decimal, Decimal("1.10"), "1.10", Decimal("1.10")),
        (Colour, Colour.RED, "red", Colour.RED),
        (Point, Point(1, 2), {"x": 1, "y": 2}, Point(1, 2)),
        (Literal["a", "b"], "a", "a", "a"),
        (set[int], {3}, [3], {3}),
        (tuple[int, str], (1, "a"), [1, "a"], (1, "a")),
        (list[int], ("1", 2), [1, 2], [1, 2]),
        (dict[str, object], {"a": (1, None)}, {"a": [1, None]}, {"a": [1, None]}),
        (dict, {"a": (1,)}, {"a": [1]}, {"a": [1]}),
        (list, [(1,)], [[1]], [[1]]),
        (Any, {3: "x"}, {"3": "x"}, {"3": "x"}),
        (object, (1, 2), [1, 2], [1, 2]),
        (int | None, None, None, None),
        (int | list[object], [(1,)], [[1]], [[1]]),
    ],
    ids=repr,
)
def test_a_value_is_stored_as_json_and_comes_back_as_its_type(
    hint: object, given_value: object, stored: object, read: object
) -> None:
    validator = takes(hint)
    named = validator.named((given_value,), {})
    assert named == validator.named((), {"value": given_value}) == {"value": stored}
    typed = validator.typed(named)["value"]
    assert typed == read
    assert type(typed) is type(read)


@pytest.mark.parametrize(
    ("hint", "bad"),
    [
        (int, "seven"),
        (int, 1.5),
        (int, None),
        (str, 7),
        (float, float("nan")),
        (float, float("inf")),
        (date, "yesterday"),
        (UUID, "mine"),
        (Literal["a"], "b"),
        (list[int], [1, "x"]),
        (Any, {1}),
        (object, object),
        (Any, float("nan")),
        (dict[str, object], {"a": b"bytes"}),
        (dict, {"a": MOMENT}),
    ],
    ids=ascii,
)
def test_a_value_of_another_type_is_refused_with_kind_argument_and_what_is_wanted(
    hint: Any, bad: Any
) -> None:
    with pytest.raises(TypeError, match=r"^k: argument value.* is .*: .*\. It takes \(value"):
        takes(hint).text((bad,), {})


@pytest.mark.parametrize(
    ("args", "kwargs", "why"),
    [
        ((), {}, "missing a required argument: 'to'"),
        ((1, "b", 3), {}, "too many positional arguments"),
        ((1,), {"cc": 1}, "unexpected keyword argument 'cc'"),
        ((1,), {"to": 1}, "multiple values for argument 'to'"),
    ],
)
def test_a_call_that_does_not_fit_is_told_as_python_tells_it(args: Any, kwargs: Any, why: str) -> None:
    with pytest.raises(TypeError, match=rf"^k: .*{why}.*It takes \(to: int, text: str = 'x'"):
        send.text(args, kwargs)


def test_what_was_given_for_a_secret_is_not_told() -> None:
    with pytest.raises(TypeError) as caught:
        send.text((1,), {"password": "hunter2"})
    assert "argument password is ***" in str(caught.value)
    assert "hunter2" not in str(caught.value)

    with pytest.raises(TypeError) as caught:
        takes(Point).text(({"x": "a", "api_key": "hunter2"},), {})
    assert "hunter2" not in str(caught.value)


def test_a_long_value_is_cut_and_no_more_than_three_faults_are_told() -> None:
    with pytest.raises(TypeError) as caught:
        takes(list[int]).text((["x" * 1000] * 50,), {})
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("text", ["nul \x00", "half \ud800", "x" * 70_000], ids=ascii)
def test_what_postgresql_cannot_store_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"^k: arguments (hold|take)"):
        send.text((1, text), {})


def test_defaults_are_left_to_the_function_so_that_a_deploy_may_change_them() -> None:
    assert send.named((1,), {}) == {"to": 1}
    assert send.typed({"to": 1}) == {"to": 1}


def test_what_is_stored_no_longer_fitting_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="argument to is 'x'"):
        send.typed({"to": "x"})
    with pytest.raises(TypeError, match="unexpected keyword argument 'gone'"):
        send.typed({"to": 1, "gone": 2})


def test_a_parameter_without_a_hint_beside_others_takes_whatever_is_json() -> None:
    def body(a: int, b) -> None: ...  # type: ignore[no-untyped-def]

    assert of(body).named((1, (2,)), {}) == {"a": 1, "b": [2]}
    with pytest.raises(TypeError, match=r"argument b is \{1\}"):
        of(body).named((1, {1}), {})


@pytest.mark.parametrize("hint", [Validator, type("Own", (), {}), "NotThere"])
def test_a_hint_that_json_cannot_hold_is_told_once_it_is_asked(hint: Any) -> None:
    validator = takes(hint)
    assert str(validator.fault()).startswith("k(value: ")
    with pytest.raises(TypeError, match=r"^k\(value: .*\) cannot be (stored|read)"):
        validator.text((1,), {})
    assert send.fault() is None


@given(st.integers(), st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=50))
def test_plain_values_pass_unchanged_and_without_a_warning(to: int, text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert send.typed(send.named((to,), {"text": text})) == {"to": to, "text": text}


@pytest.mark.parametrize(
    "given_value",
    [
        [["password", "hunter2"], 1],
        [{"api_key": "hunter2"}],
        "postgresql://ann:hunter2@db/x",
        ("token", "hunter2"),
        b"token=hunter2",
    ],
)
def test_secrets_within_what_was_given_are_not_told(given_value: object) -> None:
    with pytest.raises(TypeError) as caught:
        takes(int).text((given_value,), {})
    assert "hunter2" not in str(caught.value)
