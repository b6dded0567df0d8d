"""Settings as people may read them in `celery report`, `inspect conf` and Flower: without passwords.

Celery masks values by the names of a few settings; here an address with a password is masked wherever it is.
"""

from celery.app.utils import Settings

from apps.lib import redact


class ShownSettings(Settings):
    """Celery's settings, whose table is fit to be shown."""

    def table(self, with_defaults: bool = False, censored: bool = True) -> dict[str, object]:
        """Return the settings by name; without passwords unless ``censored`` is False."""
        found: dict[str, object] = super().table(with_defaults, censored)
        return {name: _shown(name, value) for name, value in found.items()} if censored else found


def _shown(name: str, value: object) -> object:
    """Return a setting without its secrets; ``SESSION_COOKIE_AGE`` is none, since it is no text."""
    return redact.masked_as(name, value) if value and isinstance(value, str | bytes) else redact.masked(value)
