"""Bookmark: how far somebody read the order lines."""

from django.db import models


class Bookmark(models.Model):
    """One reader's place; moved in the transaction that writes what was made of the lines before it."""

    reader = models.TextField(primary_key=True)  # "prices", "daily sales"
    line_id = models.BigIntegerField(default=0)  # every line up to this one was read
