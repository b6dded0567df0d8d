"""Who uses Backline."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, who log in by e-mail address."""

    name = "apps.accounts"
