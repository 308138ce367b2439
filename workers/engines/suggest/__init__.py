"""What a trained artifact would answer to items that nobody has answered yet."""

from workers.engines.suggest.run import Answered, Asked, Result, load, run

__all__ = ["Answered", "Asked", "Result", "load", "run"]
