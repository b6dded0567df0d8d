"""Options of a call that a stored job cannot keep, with what to write instead."""

from collections.abc import Collection, Mapping

from apps.jobs.kinds.celery_attributes import RULES, Rule

_SHOWN = Rule((), "Arguments are shown by their names, and secrets as ***. Leave it out.")
_OF_CALLS = {**RULES, "argsrepr": _SHOWN, "kwargsrepr": _SHOWN}


def check(kind: str, options: Mapping[str, object], understood: Collection[str]) -> None:
    """Raise TypeError for the first option that is not understood and would change something."""
    for name, value in options.items():
        if not value or name in understood:
            continue
        rule = _OF_CALLS.get(name)
        if rule is None or value not in rule.allowed:
            instead = rule.instead if rule else "Leave it out."
            raise TypeError(f"{kind}: a stored job cannot keep {name}={value!r}. {instead}")
