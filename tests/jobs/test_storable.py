"""Whatever passes here, PostgreSQL takes and gives back."""

import json
import sys

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.jobs import storable

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(-1e15, 1e15)  # beyond, PostgreSQL's exact numbers come back as whole ones
    | st.sampled_from([float("nan"), float("inf"), float("-inf")])
    | st.text(st.characters(codec=None, exclude_categories=()))
    | st.binary(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner) | st.sets(st.integers())
    ),
    max_leaves=8,
)


@pytest.mark.django_db
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(anything)
def test_what_is_accepted_can_be_stored_and_read_back(value: object) -> None:
    try:
        text = storable.as_json(value)
    except (TypeError, ValueError):
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::jsonb::text", [text])
        [(read,)] = cursor.fetchall()
    assert json.loads(read) == json.loads(text)


@pytest.mark.django_db
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_any_text_can_be_stored_once_it_is_cleaned(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text", [storable.clean(text)])
        [(read,)] = cursor.fetchall()
    assert len(read) == len(text)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00")))
def test_a_text_that_can_be_stored_is_kept_as_it_is(text: str) -> None:
    assert storable.clean(text) == text
    assert json.loads(storable.as_json([text])) == [text]


@pytest.mark.parametrize(
    "value",
    [{1, 2}, object(), b"bytes", float("nan"), float("inf"), {("a",): 1}],
    ids=["set", "object", "bytes", "nan", "inf", "tuple as key"],
)
def test_what_is_not_json_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="must be JSON"):
        storable.as_json({"value": value})


def test_a_value_that_holds_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(TypeError, match="must be JSON"):
        storable.as_json(loop)


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "\udcff tail"], ids=ascii)
@pytest.mark.parametrize("place", ["value", "key"])
def test_what_postgresql_cannot_store_is_refused(text: str, place: str) -> None:
    with pytest.raises(ValueError, match="PostgreSQL cannot store"):
        storable.as_json({"a": text} if place == "value" else {text: 1})


@pytest.mark.parametrize("text", ["\\u0000", "C:\\u0000\\", "\\\\u0000", "\\ud800"])
def test_a_text_that_only_looks_like_an_escape_is_kept(text: str) -> None:
    assert json.loads(storable.as_json(text)) == text


def test_size_is_counted_in_bytes() -> None:
    room = storable.MAX_BYTES - 2  # the quotes
    assert storable.as_json("x" * room)
    with pytest.raises(ValueError, match=f"take {storable.MAX_BYTES + 1} bytes"):
        storable.as_json("x" * (room + 1))
    with pytest.raises(ValueError, match="bytes"):
        storable.as_json("ü" * (room // 2 + 1))


@pytest.mark.parametrize("opening", [lambda inner: [inner], lambda inner: {"a": inner}])
def test_nesting_is_bounded(opening: object) -> None:
    def nested(levels: int) -> object:
        value: object = "[{" * 200  # brackets in a text are no levels
        for _ in range(levels):
            value = opening(value)  # type: ignore[operator]
        return value

    assert storable.as_json(nested(storable.MAX_DEPTH))
    with pytest.raises(ValueError, match="nested deeper"):
        storable.as_json(nested(storable.MAX_DEPTH + 1))
    with pytest.raises((TypeError, ValueError)):
        storable.as_json(nested(sys.getrecursionlimit() * 2))


def test_many_values_side_by_side_are_not_deep() -> None:
    assert storable.as_json([[n] for n in range(1000)])
