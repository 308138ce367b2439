"""Vectors to an order: what is least like the rest first, or what is alike one after the other."""

from workers.engines.order.run import order_by_cluster, order_by_diversity

__all__ = ["order_by_cluster", "order_by_diversity"]
