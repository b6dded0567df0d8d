"""The arguments of a job type as a form: what is typed is what the job gets."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal

import pytest
from django import forms

from apps.jobs.admin.typed_arguments import TypedArguments, fields_of
from apps.jobs.kinds.arguments import signature_of
from apps.jobs.kinds.validate import Validator


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


def everything(  # type: ignore[no-untyped-def]  # as people write them
    whole: int,
    part: float,
    text: str,
    is_it: bool,
    day: date,
    colour: Colour,
    *,
    price: Decimal | None = None,
    level: Literal[1, 2] = 2,
    ids: list[int] | None = None,
    anything=None,
    maybe: bool = True,
) -> None: ...


def form_of(
    function: Callable[..., None], data: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> TypedArguments:
    validator = Validator("a.kind", function, signature_of(function, wants_context=False))
    kind = type("Kind", (), {"validator": validator})
    monkeypatch.setattr("apps.jobs.registry.get", lambda _: kind)
    return TypedArguments("a.kind", {f"arg-{name}": value for name, value in data.items()})


FILLED = {
    "whole": "3",
    "part": "0.5",
    "text": " as it is ",
    "is_it": "false",
    "day": "2026-02-28",
    "colour": '"blue"',
}


def test_every_type_has_its_field() -> None:
    found = fields_of(Validator("a.kind", everything, signature_of(everything, wants_context=False)))
    assert {name: type(field).__name__.strip("_") for name, field in found.items()} == {
        "whole": "IntegerField",
        "part": "FloatField",
        "text": "CharField",
        "is_it": "TypedChoiceField",
        "day": "CharField",
        "colour": "TypedChoiceField",
        "price": "Json",
        "level": "TypedChoiceField",
        "ids": "Json",
        "anything": "Json",
        "maybe": "TypedChoiceField",
    }
    assert [name for name, field in found.items() if field.required] == list(FILLED)
    assert getattr(found["day"].widget, "input_type", "") == "date"
    assert found["level"].help_text == "Empty: 2"


def test_what_is_typed_is_what_the_job_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    form = form_of(everything, FILLED | {"ids": "[1, 2]", "level": "1", "anything": '{"x": []}'}, monkeypatch)
    assert form.is_valid(), form.errors
    assert form.cleaned_data == {
        "whole": 3,
        "part": 0.5,
        "text": " as it is ",
        "is_it": False,
        "day": "2026-02-28",
        "colour": "blue",
        "level": 1,
        "ids": [1, 2],
        "anything": {"x": []},
    }


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"whole": "three"}, "whole"),
        ({"whole": ""}, "whole"),
        ({"day": "2026-02-30"}, "day"),
        ({"colour": '"green"'}, "colour"),
        ({"ids": "[1,"}, "ids"),
        ({"ids": '["x"]'}, "ids"),
        ({"text": "nul\x00"}, "text"),
        ({"anything": '"\\u0000"'}, "Null characters"),
    ],
)
def test_what_does_not_fit_is_said_at_its_field_or_by_its_name(
    wrong: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = form_of(everything, FILLED | wrong, monkeypatch)
    assert not form.is_valid()
    assert said in str(form.errors)


def test_an_empty_list_is_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    def wants(ids: list[int]) -> None: ...

    assert form_of(wants, {"ids": "[]"}, monkeypatch).is_valid()
    assert not form_of(wants, {"ids": ""}, monkeypatch).is_valid()


def test_what_is_stored_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    form = form_of(everything, {}, monkeypatch)
    shown = TypedArguments("a.kind")
    shown.show({"whole": 7, "is_it": True, "colour": "red", "ids": [1], "gone": 1})
    html = str(shown)
    assert 'value="7"' in html
    assert '<option value="true" selected>' in html
    assert "&quot;red&quot;" in html
    assert "[1]" in html
    assert isinstance(form, forms.Form)
