"""The shop whose order lines are imported, exported and reported on."""

from django.apps import AppConfig


class ShopConfig(AppConfig):
    """Customers, products, orders and order lines."""

    name = "apps.shop"
    default_auto_field = "django.db.models.BigAutoField"
