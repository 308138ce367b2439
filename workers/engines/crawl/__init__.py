"""Addresses in, items out: Scrapy fetches in a process of its own, the frontier is handed in."""

from workers.engines.crawl.memory import MemoryFrontier, list_seeds
from workers.engines.crawl.run import run

__all__ = ["MemoryFrontier", "list_seeds", "run"]
