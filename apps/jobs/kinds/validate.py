"""Check a kind's arguments against its function's type hints, by one compiled pydantic validator a kind.

The caller's values are coerced, and what is stored is their JSON; a worker reads it back into the types that
the function asks for. A kind whose parameters have no hints takes whatever is JSON.
"""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from types import UnionType
from typing import Annotated, Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, PlainValidator, TypeAdapter, ValidationError, with_config
from pydantic.errors import PydanticUserError
from pydantic_core import ErrorDetails, PydanticSerializationError
from typing_extensions import TypedDict

from apps.jobs import storable
from apps.jobs.kinds.arguments import bind, cut, shown
from apps.lib import redact

_MOST_FAULTS, _LONGEST_GIVEN = 3, 80
_CONFIG = ConfigDict(extra="forbid", allow_inf_nan=False)


class Validator:
    """What one kind takes; compiled when it is first asked."""

    def __init__(self, kind: str, function: Callable[..., object], signature: inspect.Signature) -> None:
        self.kind = kind
        self.signature = signature
        self._function = function
        self._positional = [
            name
            for name, parameter in signature.parameters.items()
            if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        ]

    def named(self, args: Sequence[object], kwargs: Mapping[str, object]) -> dict[str, object]:
        """Return a caller's arguments by name, as JSON holds them; raise as text does."""
        return json.loads(self.text(args, kwargs))  # type: ignore[no-any-return]  # an object by construction

    def text(self, args: Sequence[object], kwargs: Mapping[str, object]) -> str:
        """Return a caller's arguments by name as the JSON text that is stored.

        Raise TypeError when they do not fit the signature and its hints, ValueError when they cannot be kept.
        """
        if self.adapter is None:
            return self._as_json(bind(self.kind, self.signature, args, kwargs))
        named = self._by_name(args, kwargs)
        try:
            checked = self.adapter.validator.validate_python(named)
        except ValidationError as error:
            bind(self.kind, self.signature, args, kwargs)  # says better what is missing or too much
            raise TypeError(self._told(error)) from None
        try:
            return storable.checked(self.adapter.serializer.to_json(checked).decode())
        except PydanticSerializationError:  # halves of surrogate pairs, or too deep
            return self._as_json(self.adapter.serializer.to_python(checked))
        except ValueError as error:
            raise ValueError(f"{self.kind}: arguments {error}. Pass ids and plain values.") from None

    def typed(self, stored: dict[str, object]) -> dict[str, object]:
        """Return stored arguments as the types that the function asks for; raise TypeError if they differ."""
        if self.adapter is None:
            known = stored.keys() == self.signature.parameters.keys()
            return stored if known else bind(self.kind, self.signature, (), stored)
        try:
            return self.adapter.validator.validate_python(stored)  # type: ignore[no-any-return]
        except ValidationError as error:
            bind(self.kind, self.signature, (), stored)
            raise TypeError(self._told(error)) from None

    def fault(self) -> str | None:
        """Return why the hints cannot be compiled, None when they can."""
        try:
            _ = self.adapter
        except TypeError as error:
            return str(error)
        return None

    def hints(self) -> dict[str, Any]:  # a hint is whatever its author wrote
        """Return the function's type hints by argument; raise TypeError for one that cannot be read."""
        try:
            return get_type_hints(self._function, include_extras=True)
        except NameError as error:
            raise TypeError(f"{self.kind}{self.signature} cannot be read: {error}.") from error

    @cached_property
    def adapter(self) -> TypeAdapter[dict[str, object]] | None:
        """Compile the hints, None when there are none; raise TypeError for a hint that JSON cannot hold."""
        hints = self.hints()
        wanted = self.signature.parameters
        if not hints.keys() & wanted.keys():
            return None
        fields = {name: _closed(hints.get(name, Any)) for name in wanted}
        shape: dict[str, Any] = {
            name: Required[hint] if wanted[name].default is inspect.Parameter.empty else NotRequired[hint]
            for name, hint in fields.items()
        }
        try:
            return TypeAdapter(with_config(_CONFIG)(TypedDict("arguments", shape)))  # type: ignore[operator]
        except PydanticUserError as error:
            why = error.message.partition(". ")[0]  # then follows what a model's author may do
            raise TypeError(f"{self.kind}{self.signature} cannot be stored: {why}.") from error

    def _by_name(self, args: Sequence[object], kwargs: Mapping[str, object]) -> Mapping[str, object]:
        if not args:
            return kwargs
        named = dict(zip(self._positional, args, strict=False))
        if len(args) > len(named) or named.keys() & kwargs.keys():
            bind(self.kind, self.signature, args, kwargs)  # raises with what does not fit
        return {**named, **kwargs}

    def _as_json(self, named: Mapping[str, object]) -> str:
        try:
            return storable.as_json(named)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{self.kind}: arguments {error}. Pass ids and plain values.") from None

    def _told(self, error: ValidationError) -> str:
        """Say which argument does not fit, what was given and what is wanted; secrets stay hidden."""
        faults = error.errors(include_url=False, include_context=False)
        told = [
            f"argument {'.'.join(map(str, fault['loc']))} is {_given(fault)}: {fault['msg']}"
            for fault in faults[:_MOST_FAULTS]
        ]
        return f"{self.kind}: {'; '.join(told)}. It takes {self.signature}."


def _given(fault: ErrorDetails) -> str:
    if any(redact.is_secret(str(name)) for name in fault["loc"]):
        return "***"
    value = fault["input"]
    if isinstance(value, dict):
        return cut("{" + shown(value) + "}", _LONGEST_GIVEN)
    is_listed = isinstance(value, str | list)
    return cut(repr(redact.masked(value)) if is_listed else redact.scrubbed(repr(value)), _LONGEST_GIVEN)


def _plain(value: object) -> object:
    """Let through what is JSON, as JSON gives it back."""
    try:
        return json.loads(storable.as_json(value))
    except (TypeError, ValueError) as error:
        raise ValueError(str(error)) from None


_Plain = Annotated[Any, PlainValidator(_plain)]
_OPEN: dict[object, Any] = {
    Any: _Plain,
    object: _Plain,
    dict: dict[str, _Plain],
    list: list[_Plain],
}


def _closed(hint: Any) -> Any:  # a hint is whatever its author wrote
    """Return a hint in which "anything" is anything that is JSON, so that nothing is stored as its text."""
    if get_origin(hint) is None:
        return _OPEN.get(hint, hint) if isinstance(hint, type) or hint is Any else hint
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Literal, Annotated):
        return hint
    closed = tuple(_closed(part) for part in inner)
    if closed == inner:
        return hint
    return Union[closed] if origin in (Union, UnionType) else origin[closed]  # noqa: UP007  # made at run time
