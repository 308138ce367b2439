"""Who a comment names, and under which name an inbox is counted; plain text only."""

from __future__ import annotations

import re

_MENTION = re.compile(r"(?<![\w.@+-])@([\w.@+-]+)")


def find_mentions(body: str) -> list[str]:
    """User names after an @, each once, in order. A full stop or comma that ends a sentence is not part of a name."""
    names = (match.group(1).rstrip(".-+,") for match in _MENTION.finditer(body))
    return list(dict.fromkeys(name for name in names if name))


def count_key(user_id: int) -> str:
    """Where the number of a person's unread notices is kept."""
    return f"inbox:{user_id}"
