"""Arguments are bound by name, checked before anything is written, and shown without secrets."""

import inspect
import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.jobs import Context, job
from apps.jobs.kinds.arguments import masked, shown, signature_of
from apps.jobs.kinds.validate import Validator


def body(a, b="x", *, c=None):  # type: ignore[no-untyped-def]  # takes whatever is JSON
    """Stand for a job's function."""


UNTYPED = Validator("k", body, inspect.signature(body))

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="ascii", exclude_characters="\0")), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # the machine may be busy
@given(json_values, json_values, json_values)
def test_positional_and_named_arguments_are_stored_alike_by_name(a: object, b: object, c: object) -> None:
    named = UNTYPED.named((a, b), {"c": c})
    assert named == UNTYPED.named((), {"a": a, "b": b, "c": c}) == {"a": a, "b": b, "c": c}


def test_defaults_are_left_to_the_function_so_that_a_deploy_may_change_them() -> None:
    assert UNTYPED.named((1,), {}) == {"a": 1}


@pytest.mark.parametrize(
    ("args", "kwargs", "why"),
    [
        ((), {}, "missing a required argument: 'a'"),
        ((1, "b", 3), {}, "too many positional arguments"),
        ((1,), {"d": 1}, "unexpected keyword argument 'd'"),
        ((1,), {"a": 1}, "multiple values for argument 'a'"),
    ],
)
def test_a_call_that_does_not_fit_is_refused_and_shown_what_fits(
    args: tuple[object, ...], kwargs: dict[str, object], why: str
) -> None:
    with pytest.raises(TypeError, match=rf"^k: .*{why}.*It takes \(a, b='x', \*, c=None\)"):
        UNTYPED.named(args, kwargs)


@pytest.mark.parametrize(
    "value", [{1}, object(), b"b", float("nan"), float("-inf")], ids=["set", "object", "bytes", "nan", "-inf"]
)
def test_what_is_not_json_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match=r"^k: arguments must be JSON: .* Pass ids and plain values\.$"):
        UNTYPED.named((value,), {})


@pytest.mark.parametrize("value", ["nul \x00", "half \ud83c", "x" * 70_000])
def test_what_cannot_be_stored_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"^k: arguments (hold|take)"):
        UNTYPED.named((value,), {})


def test_what_comes_back_is_what_a_worker_will_see() -> None:
    assert UNTYPED.named(((1, 2),), {"b": {3: "three"}}) == {"a": [1, 2], "b": {"3": "three"}}


def test_what_a_worker_reads_is_what_was_stored() -> None:
    assert UNTYPED.typed({"a": [1, None]}) == {"a": [1, None]}
    with pytest.raises(TypeError, match="missing a required argument: 'a'"):
        UNTYPED.typed({"b": 1})


def test_later_changes_by_the_caller_do_not_reach_what_was_bound() -> None:
    mine = [1]
    named = UNTYPED.named((mine,), {})
    mine.append(2)
    assert named == {"a": [1]}


def _starred(*names: int) -> None: ...
def _double_starred(**names: int) -> None: ...
def _positional_only(a: int, /) -> None: ...


@pytest.mark.parametrize("function", [_starred, _double_starred, _positional_only])
def test_a_job_type_whose_arguments_have_no_names_is_refused_at_import(function: Callable[..., None]) -> None:
    with pytest.raises(TypeError, match=r"cannot be stored\. Name each argument of a job"):
        job("odd.nameless")(function)


def test_the_context_is_not_an_argument() -> None:
    def walk(ctx: Context, steps: int) -> None: ...

    assert list(signature_of(walk, wants_context=True).parameters) == ["steps"]
    assert job("odd.walk")(walk).wants_context
    assert not job("odd.body")(body).wants_context


@pytest.mark.parametrize("name", ["password", "api_key", "TOKEN", "client_secret", "Authorization"])
def test_secrets_are_masked(name: str) -> None:
    assert shown({name: "hunter2", "a": 1}) == f"{name}='***', a=1"


def test_secrets_are_masked_at_whatever_depth() -> None:
    deep = {"cards": [{"card_token": "hunter2", "number": 1}], "login": {"password": "hunter2"}}
    assert shown(deep) == "cards=[{'card_token': '***', 'number': 1}], login={'password': '***'}"
    assert masked(deep) == {"cards": [{"card_token": "***", "number": 1}], "login": {"password": "***"}}


@given(st.dictionaries(st.text(min_size=1), json_values), st.integers(10, 200))
def test_what_is_shown_is_never_longer_than_asked(args: dict[str, object], longest: int) -> None:
    assert len(shown(args, longest)) <= longest


def test_bound_arguments_survive_another_trip_through_json() -> None:
    named = UNTYPED.named(({"deep": [None, True, 1.5, "ü"]},), {})
    assert json.loads(json.dumps(named)) == named
