"""The embedded PostgreSQL and Valkey: found, started, watched and stopped without Django.

`config/settings.py` and `tests/conftest.py` import from here before Django is set up,
so nothing below this package may import Django.
"""
