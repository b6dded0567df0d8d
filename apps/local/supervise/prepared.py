"""What `manage.py prepare` did, as one line of JSON between two processes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Prepared:
    """Migrations applied, whether an admin was made, which database this is, and whose the sample is."""

    applied: int
    new_admin: bool
    database: str
    admin: str = ""  # login of the first admin

    def as_line(self) -> str:
        """Return this as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_output(cls, output: str) -> Prepared:
        """Read back what `as_line` wrote as the last line of `output`."""
        return cls(**json.loads(output.strip().splitlines()[-1]))
