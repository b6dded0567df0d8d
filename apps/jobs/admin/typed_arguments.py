"""The arguments of a job type as a form: one field for each parameter, from its signature and type hints."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from apps.jobs import registry, storable
from apps.jobs.kinds.validate import Validator

_PREFIX = "arg"
_AS_BY_DEFAULT = ("", "default")

Schema = Mapping[str, Any]  # a JSON schema, as pydantic writes it


class TypedArguments(forms.Form):
    """What somebody gives a job: typed where its hints say a type, JSON where they say something nested."""

    def __init__(self, kind: str, data: Mapping[str, Any] | None = None) -> None:
        """Ask for what this job type takes; raise UnknownKind for another name."""
        super().__init__(data, prefix=_PREFIX)
        self.kind = kind
        self._validator = registry.get(kind).validator
        self.fields |= fields_of(self._validator)

    def show(self, stored: Mapping[str, object]) -> None:
        """Let the fields show arguments that are stored."""
        self.initial = {
            name: _as_choice(value) if isinstance(self.fields[name], forms.TypedChoiceField) else value
            for name, value in stored.items()
            if name in self.fields
        }

    def clean(self) -> dict[str, Any]:
        """Return the arguments by name as JSON holds them; what was left empty is default."""
        data = super().clean() or self.cleaned_data
        given = {name: data[name] for name in self.fields if name in data and not _is_empty(data[name])}
        if self.errors:
            return given
        try:
            return self._validator.named((), given)
        except (TypeError, ValueError) as error:
            raise forms.ValidationError(str(error)) from error


def fields_of(validator: Validator) -> dict[str, forms.Field]:
    """Return a field for each parameter of a job type."""
    schema = _schema(validator)
    found: dict[str, forms.Field] = {}
    for name, parameter in validator.signature.parameters.items():
        is_needed = parameter.default is parameter.empty
        wanted, may_be_null = _inner(schema.get("properties", {}).get(name, {}), schema)
        field = _field(wanted, is_needed=is_needed and not may_be_null)
        field.label = name
        if not is_needed:
            field.help_text = f"Empty: {json.dumps(parameter.default, default=str)}"
        found[name] = field
    return found


def _schema(validator: Validator) -> Schema:
    return validator.adapter.json_schema() if validator.adapter else {}


def _inner(schema: Schema, whole: Schema) -> tuple[Schema, bool]:
    """Return what a hint asks for besides null, and whether null will do."""
    if "$ref" in schema:
        return whole.get("$defs", {}).get(schema["$ref"].rsplit("/", 1)[-1], {}), False
    choices = schema.get("anyOf", [])
    others = [choice for choice in choices if choice.get("type") != "null"]
    if len(others) == 1:
        return _inner(others[0], whole)[0], len(others) < len(choices)
    return ({}, len(others) < len(choices)) if choices else (schema, False)


def _field(schema: Schema, *, is_needed: bool) -> forms.Field:
    if "enum" in schema:
        return _choice(schema["enum"], is_needed=is_needed)
    make = _MAKERS.get((schema.get("type"), schema.get("format"))) or _MAKERS.get((schema.get("type"), None))
    return (make or _json)(schema, is_needed)


def _choice(values: list[object], *, is_needed: bool) -> forms.Field:
    choices = [(_as_choice(value), _in_words(value)) for value in values]
    return forms.TypedChoiceField(
        choices=choices if is_needed else [_AS_BY_DEFAULT, *choices],
        coerce=json.loads,
        empty_value=None,
        required=is_needed,
    )


def _as_choice(value: object) -> str:
    return json.dumps(value)


def _in_words(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _yes_or_no(schema: Schema, is_needed: bool) -> forms.Field:  # noqa: ARG001  # as the others
    return _choice([True, False], is_needed=is_needed)


def _integer(schema: Schema, is_needed: bool) -> forms.Field:
    return forms.IntegerField(required=is_needed, validators=_bounds(schema))


def _number(schema: Schema, is_needed: bool) -> forms.Field:
    widget = forms.NumberInput(attrs={"step": "any"})
    return forms.FloatField(required=is_needed, validators=_bounds(schema), widget=widget)


def _bounds(schema: Schema) -> list[Callable[[Any], None]]:
    found: list[Callable[[Any], None]] = []
    if "minimum" in schema:
        found.append(MinValueValidator(schema["minimum"]))
    if "maximum" in schema:
        found.append(MaxValueValidator(schema["maximum"]))
    return found


def _text(schema: Schema, is_needed: bool) -> forms.Field:
    most, least = schema.get("maxLength"), schema.get("minLength")
    widget = forms.TextInput(attrs={"class": "vTextField"})
    return forms.CharField(required=is_needed, max_length=most, min_length=least, strip=False, widget=widget)


def _typed_text(kind: str) -> Callable[[Schema, bool], forms.Field]:
    """Return what makes a field that the browser helps with; pydantic reads its text."""

    def make(schema: Schema, is_needed: bool) -> forms.Field:  # noqa: ARG001
        return forms.CharField(required=is_needed, widget=forms.TextInput(attrs={"type": kind}))

    return make


class _Json(forms.JSONField):
    empty_values = (None, "")  # an empty list is a list

    def clean(self, value: Any) -> Any:  # whatever JSON says
        """Refuse what the ledger cannot hold."""
        cleaned = super().clean(value)
        try:
            storable.as_json(cleaned)
        except (TypeError, ValueError) as error:
            raise forms.ValidationError(f"It {error}.") from error
        return cleaned


def _json(schema: Schema, is_needed: bool) -> forms.Field:  # noqa: ARG001
    widget = forms.Textarea(attrs={"rows": 3, "cols": 60, "spellcheck": "false", "class": "mono"})
    return _Json(required=is_needed, widget=widget)


def _is_empty(value: object) -> bool:
    return value is None or value == ""


_MAKERS: dict[tuple[object, object], Callable[[Schema, bool], forms.Field]] = {
    ("boolean", None): _yes_or_no,
    ("integer", None): _integer,
    ("number", None): _number,
    ("string", None): _text,
    ("string", "date"): _typed_text("date"),
    ("string", "time"): _typed_text("time"),
    ("string", "email"): _typed_text("email"),
}
