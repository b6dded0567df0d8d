"""The effect ledger: do something outside the database once, and remember its receipt.  See ``ctx.effect``.

That it was begun is committed before, its receipt after. A process that dies in between leaves an effect of
which nobody knows whether it happened: no job tries it again until a person has looked and said so.
"""

import json
from collections.abc import Callable
from datetime import timedelta

from django.db import connection
from psycopg.types.json import Jsonb

from apps.jobs import crash_points, sql, storable
from apps.jobs.outcomes import Discard, EffectUnknown, LeaseLost, Snooze
from apps.jobs.running.interrupt import undisturbed
from apps.jobs.running.record import flush_what_is_kept, recorded
from apps.jobs.transitions import Claim

_LONGEST_KEY = 500
_ANOTHER_IS_AT_IT = timedelta(seconds=5)


def once(
    claim: Claim, words: str, do: Callable[[], object], *, undone_by: tuple[type[Exception], ...] = ()
) -> object:
    """Call ``do`` and return its receipt; return the receipt without calling when it was done before.

    Raise EffectUnknown when it was begun and nobody knows how it ended, Snooze while another job is at it. An
    exception in ``undone_by`` proves that nothing happened: the effect may then be tried again.
    """
    if connection.in_atomic_block:
        raise RuntimeError("effect() belongs outside transactions: that it began has to be committed before.")
    key = _key(claim.kind, words)
    known = _begin(claim, key)
    if known is not None:
        return json.loads(known)
    crash_points.reached("effect.begun")
    try:
        receipt = do()
    except undone_by:
        with undisturbed():
            recorded(lambda: sql.run("undo_effect", {"key": key, "lease": claim.lease}))
        raise
    crash_points.reached("effect.done")
    with undisturbed():
        _keep(claim, key, receipt)
    return receipt


def _key(kind: str, words: str) -> str:
    if not words or len(words) > _LONGEST_KEY or words != storable.clean(words):
        raise ValueError(f"An effect's key has 1 to {_LONGEST_KEY} characters that PostgreSQL can store.")
    return f"{kind}:{words}"


def _begin(claim: Claim, key: str) -> str | None:
    """Write down that it begins; return the receipt, as JSON, of one that was done before."""
    params = {"key": key, "id": claim.id, "lease": claim.lease}
    with undisturbed():
        flush_what_is_kept()
        [(holds, ours, done, receipt, began, is_at_it)] = sql.run("start_effect", params)
        if not ours and began is None and holds:  # somebody began it at this very moment: now it can be read
            [(holds, ours, done, receipt, began, is_at_it)] = sql.run("start_effect", params)
    if not holds:
        raise LeaseLost("Another worker has this job now.")
    if ours:
        return None
    if done:
        return receipt or "null"
    if is_at_it:
        raise Snooze(_ANOTHER_IS_AT_IT, f"Another job is at the effect {key!r}.")
    raise EffectUnknown(
        f"The effect {key!r} was begun at {began:%Y-%m-%d %H:%M:%S} UTC, and nobody knows whether it "
        f"happened. Look on the other side, then say so: manage.py effects happened {key!r}, or "
        f"manage.py effects undone {key!r}. Then replay this job."
    )


def _keep(claim: Claim, key: str, receipt: object) -> None:
    try:
        text = storable.as_json(receipt)
    except (TypeError, ValueError) as error:
        recorded(lambda: _done(claim, key, None))
        raise Discard(
            f"The effect {key!r} was done, but its receipts {error}. Return plain values."
        ) from error
    recorded(lambda: _done(claim, key, json.loads(text)))


def _done(claim: Claim, key: str, receipt: object) -> None:
    sql.run("end_effect", {"key": key, "lease": claim.lease, "receipt": Jsonb(receipt)})
