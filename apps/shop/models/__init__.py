"""The tables of the shop."""

from apps.shop.models.bookmark import Bookmark
from apps.shop.models.customer import Customer
from apps.shop.models.daily_sales import DailySales
from apps.shop.models.matched_line import MatchedLine
from apps.shop.models.order import Order
from apps.shop.models.order_line import OrderLine
from apps.shop.models.price import Price
from apps.shop.models.product import Product

__all__ = [
    "Bookmark",
    "Customer",
    "DailySales",
    "MatchedLine",
    "Order",
    "OrderLine",
    "Price",
    "Product",
]
