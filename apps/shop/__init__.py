"""A gift-ware web shop: customers, products, orders and their lines."""
