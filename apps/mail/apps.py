"""Letters to people who asked for them."""

from django.apps import AppConfig


class MailConfig(AppConfig):
    """Subscriptions to the newsletter, and its issues."""

    name = "apps.mail"
    default_auto_field = "django.db.models.BigAutoField"
