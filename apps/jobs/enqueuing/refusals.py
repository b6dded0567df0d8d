"""Options of a call that a stored job cannot keep, with what to write instead."""

from collections.abc import Collection, Mapping

from apps.jobs.kinds.celery_attributes import RULES


def check(kind: str, options: Mapping[str, object], understood: Collection[str]) -> None:
    """Raise TypeError for the first option that is not understood and would change something."""
    for name, value in options.items():
        if not value or name in understood:
            continue
        rule = RULES.get(name)
        if rule is None or value not in rule.allowed:
            instead = rule.instead if rule else "Leave it out."
            raise TypeError(f"{kind}: a stored job cannot keep {name}={value!r}. {instead}")
