"""Turn an exception into what the ledger keeps: type, sentence, traceback without locals, fingerprint."""

import traceback
from hashlib import sha256
from pathlib import Path
from types import TracebackType

from django.conf import settings

from apps.jobs import storable
from apps.jobs.transitions import Trouble
from apps.lib import redact

_LONGEST_MESSAGE = 2000
_LONGEST_TRACEBACK = 20_000
_LONGEST_NAME = 200  # of an indexed column; an entry of a btree takes 2.7 kB


def describe(error: BaseException) -> Trouble:
    """Say what went wrong, bounded and storable."""
    name = type(error).__name__
    told = traceback.TracebackException.from_exception(error)
    return Trouble(
        message=message_of(error) or name,
        error_type=_short(name),
        traceback=_bounded("".join(told.format()), _LONGEST_TRACEBACK),
        fingerprint=f"{_short(name)} in {_short(_top_frame_of_ours(error.__traceback__))}",
    )


def message_of(error: BaseException) -> str:
    """Return the text of an exception, bounded and storable; empty when it has none."""
    # TracebackException survives an exception whose __str__ fails
    return _bounded(str(traceback.TracebackException.from_exception(error)), _LONGEST_MESSAGE)


def as_celery_tells(error: BaseException) -> dict[str, object]:
    """Return what Celery's results know of an exception, so that AsyncResult.get() can raise it again."""
    given: list[object] = list(error.args)
    try:
        storable.as_json(given, most=_LONGEST_MESSAGE)
    except (TypeError, ValueError):
        given = [message_of(error)]
    return {
        "exc_type": type(error).__qualname__,
        "exc_message": given,
        "exc_module": type(error).__module__,
    }


def _top_frame_of_ours(trace: TracebackType | None) -> str:
    """Name the deepest frame in this project's own code: the same for every job that fails there."""
    root = Path(settings.BASE_DIR)
    place = "unknown place"
    for frame, _ in traceback.walk_tb(trace):
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(root) and ".venv" not in path.parts:
            place = f"{path.relative_to(root)}:{frame.f_code.co_name}"
    return place


def _short(name: str) -> str:
    """Cut a long name, and add a hash of the whole so that different names stay different."""
    if len(name) > _LONGEST_NAME:
        digest = sha256(name.encode(errors="surrogatepass")).hexdigest()[:16]
        name = f"{name[: _LONGEST_NAME - 17]}~{digest}"
    return storable.clean(name)


def _bounded(text: str, longest: int) -> str:
    return redact.shortened(storable.clean(text), longest)
