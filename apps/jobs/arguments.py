"""A job's arguments: bound by name to the function's signature, stored as JSON, shown redacted."""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence

MAX_BYTES = 64 * 1024
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

    Raise TypeError when they do not fit the signature or are not JSON, ValueError when they are too big.
    """
    try:
        named = dict(signature.bind(*args, **kwargs).arguments)
    except TypeError as error:
        raise TypeError(f"{kind}: {error}. It takes {signature}.") from None
    try:
        text = json.dumps(named, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{kind}: arguments must be JSON: {error}. Pass ids and plain values.") from None
    if len(text) > MAX_BYTES:
        raise ValueError(
            f"{kind}: arguments take {len(text)} bytes, at most {MAX_BYTES}. Pass an id instead."
        )
    if "\\u0000" in text:
        raise ValueError(f"{kind}: arguments hold a NUL character, which PostgreSQL cannot store. Remove it.")
    return json.loads(text)  # type: ignore[no-any-return]  # an object, since named is one


def shown(args: Mapping[str, object], longest: int = 120) -> str:
    """Return arguments as Flower and logs may show them: secrets masked, long values cut."""
    text = ", ".join(f"{name}={_masked(name, value)!r}" for name, value in args.items())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _masked(name: str, value: object) -> object:
    return "***" if any(word in name.lower() for word in _SECRET_WORDS) else value
