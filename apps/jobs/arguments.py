"""A job's arguments: bound by name to the function's signature, stored as JSON, shown redacted."""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence

from apps.jobs import storable

_SECRET_WORDS = ("password", "secret", "token", "key", "authorization")


def signature_of(function: Callable[..., object], *, wants_context: bool) -> inspect.Signature:
    """Return what a caller has to give: the function's parameters without the context.

    Raise TypeError for *args and **kwargs: a stored job needs names.
    """
    parameters = list(inspect.signature(function).parameters.values())[1 if wants_context else 0 :]
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise TypeError(
                f"{function.__module__}.{function.__qualname__}: parameter {parameter} cannot be stored. "
                "Name each argument of a job."
            )
    return inspect.Signature(parameters)


def bind(
    kind: str, signature: inspect.Signature, args: Sequence[object], kwargs: Mapping[str, object]
) -> dict[str, object]:
    """Check a caller's arguments and return them by name.

    Raise TypeError when they do not fit the signature or are not JSON, ValueError when they cannot be stored.
    """
    try:
        named = dict(signature.bind(*args, **kwargs).arguments)
    except TypeError as error:
        raise TypeError(f"{kind}: {error}. It takes {signature}.") from None
    try:
        return json.loads(storable.as_json(named))  # type: ignore[no-any-return]  # an object, since named is one
    except (TypeError, ValueError) as error:
        raise type(error)(f"{kind}: arguments {error}. Pass ids and plain values.") from None


def shown(args: Mapping[str, object], longest: int = 120) -> str:
    """Return arguments as Flower and logs may show them: secrets masked, long values cut."""
    text = ", ".join(f"{name}={_masked(name, value)!r}" for name, value in args.items())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _masked(name: str, value: object) -> object:
    return "***" if any(word in name.lower() for word in _SECRET_WORDS) else value
