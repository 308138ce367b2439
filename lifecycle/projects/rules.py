"""Who may do what in a project: roles and their order."""

from __future__ import annotations

ROLE_RANKS = {"viewer": 10, "annotator": 20, "reviewer": 30, "engineer": 40, "owner": 50}


def is_allowed(held: str, needed: str) -> bool:
    """Whether a member with role `held` may do what asks for role `needed`."""
    return ROLE_RANKS[held] >= ROLE_RANKS[needed]
