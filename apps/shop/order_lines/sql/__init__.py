"""The statements that bring order lines in, one a file; the file's name is the verb."""

from functools import cache
from pathlib import Path


@cache
def text(name: str) -> str:
    """Return ``sql/<name>.sql``."""
    return (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")
