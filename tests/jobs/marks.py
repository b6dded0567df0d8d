"""Marks that a body leaves in the database, to be counted by its test; and statements run by hand."""

from django.db import connection
from django.db.models.functions import Now

from apps.jobs.models import Duty


def write_a_mark() -> None:
    """Write one row that only tests write."""
    Duty.objects.create(name="mark", keeper="", ran_at=Now(), took_ms=0)


def marks() -> int:
    """Count the marks."""
    return Duty.objects.count()


def execute(statement: str) -> None:
    """Run a statement on this test's connection."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
