"""Numbers with the noun that they count, as sentences and pages write them."""

from __future__ import annotations


def count_words(count: int, noun: str) -> str:
    """1 item, 1,234 items, 2 addresses, 3 deliveries."""
    return f"{count:,} {inflect(noun, count)}"


def inflect(noun: str, count: int) -> str:
    """The noun as it follows the count."""
    if count == 1:
        return noun
    if noun.endswith(("s", "x", "ch", "sh")):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"
