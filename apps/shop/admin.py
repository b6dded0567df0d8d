"""The shop in the Django admin: to look at. Orders come in by import and are not edited by hand."""

from typing import ClassVar

from django.contrib import admin

from apps.lib.read_only_admin import ReadOnlyAdmin
from apps.shop.models import Customer, DailySales, Order, OrderLine, Price, Product


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin):
    """Buyers with a number."""

    list_display = ("number", "country", "first_order_at", "last_order_at")
    list_filter = ("country",)
    search_fields = ("=number",)


@admin.register(Product)
class ProductAdmin(ReadOnlyAdmin):
    """Stock codes and what they stand for."""

    list_display = ("code", "name", "kind")
    list_filter = ("kind",)
    search_fields = ("^code", "name")


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    """Invoices, cancellations and adjustments."""

    list_display = ("number", "kind", "customer", "country", "ordered_at")
    list_filter = ("kind",)
    list_select_related = ("customer",)
    search_fields = ("=number", "=customer__number")


@admin.register(OrderLine)
class OrderLineAdmin(ReadOnlyAdmin):
    """Lines of orders."""

    list_display = ("order", "stock_code", "description", "quantity", "unit_price", "invoiced_at")
    list_select_related = ("order", "product")
    raw_id_fields: ClassVar = ["order", "product"]
    search_fields = ("=order__number",)


@admin.register(Price)
class PriceAdmin(ReadOnlyAdmin):
    """What products cost now, and since which line."""

    list_display = ("product", "unit_price", "invoiced_at")
    list_select_related = ("product",)
    search_fields = ("^product__code", "product__name")


@admin.register(DailySales)
class DailySalesAdmin(ReadOnlyAdmin):
    """What was sold on each day into each country."""

    list_display = ("day", "country", "orders", "units", "sold", "returned", "adjusted")
    list_filter = ("country",)
    date_hierarchy = "day"
