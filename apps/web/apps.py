"""The web application."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Registers the application with Django."""

    name = "apps.web"
