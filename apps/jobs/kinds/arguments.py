"""A job's arguments: bound by name to the function's signature, and shown redacted."""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence

from apps.lib import redact


def signature_of(function: Callable[..., object], *, wants_context: bool) -> inspect.Signature:
    """Return what a caller has to give: the function's parameters without the context.

    Raise TypeError for *args and **kwargs, since a stored job needs names, and for generators.
    """
    _refuse_generator(function)
    parameters = list(inspect.signature(function).parameters.values())[1 if wants_context else 0 :]
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise TypeError(
                f"{function.__module__}.{function.__qualname__}: parameter {parameter} cannot be stored. "
                "Name each argument of a job."
            )
    return inspect.Signature(parameters)


def _refuse_generator(function: Callable[..., object]) -> None:
    inner = inspect.unwrap(function)
    if inspect.isgeneratorfunction(inner) or inspect.isasyncgenfunction(inner):
        raise TypeError(
            f"{function.__module__}.{function.__qualname__} yields: a job has one result. Return a value, or "
            "enqueue a job for each item."
        )


def bind(
    kind: str, signature: inspect.Signature, args: Sequence[object], kwargs: Mapping[str, object]
) -> dict[str, object]:
    """Return a caller's arguments by name; raise TypeError when they do not fit the signature."""
    try:
        return dict(signature.bind(*args, **kwargs).arguments)
    except TypeError as error:
        raise TypeError(f"{kind}: {error}. It takes {signature}.") from None


def check(kind: str, args: object, kwargs: object) -> None:
    """Raise TypeError, as Celery does, for args that are no list or tuple and kwargs that are no dict."""
    if not isinstance(args, list | tuple):
        raise TypeError(
            f"{kind}: args must be a list or tuple, not {args!r:.80}. For one argument write (x,)."
        )
    if not isinstance(kwargs, Mapping):
        raise TypeError(f'{kind}: kwargs must be a dict, such as {{"x": 1}}, not {kwargs!r:.80}.')


def shown(args: Mapping[str, object], longest: int = 120) -> str:
    """Return arguments as Flower and logs may show them: secrets masked, long values cut."""
    return cut(
        ", ".join(f"{name}={redact.masked_as(name, value)!r}" for name, value in args.items()), longest
    )


def masked(args: Mapping[str, object]) -> dict[str, object]:
    """Return arguments as a person may see them: secrets masked, at whatever depth."""
    return {name: redact.masked_as(name, value) for name, value in args.items()}


def pretty(value: object, longest: int = 10_000) -> str:
    """Return a value as JSON over several lines: secrets masked, a long text cut."""
    return cut(json.dumps(redact.masked(value), ensure_ascii=False, indent=2, default=str), longest)


def cut(text: str, longest: int) -> str:
    """Return a text that is not longer than asked."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
