"""Transactions as tests hold them open around code that must commit by itself."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction


@contextmanager
def held_open() -> Iterator[None]:
    """Hold a transaction open around blocks that Django otherwise refuses to nest (``durable=True``)."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]  # as Django's own TestCase marks its blocks
    with block:
        yield
