"""Add two numbers."""

import logging

from apps.jobs import job


@job("kinds.add")
def add(a: int, b: int = 1) -> int:
    """Add two numbers and log them."""
    logging.getLogger(__name__).info("adding %s and %s", a, b)
    return a + b
