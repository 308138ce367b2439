"""Answers in words, for the pages that list them."""

from __future__ import annotations

from typing import Any

from django import template

from lifecycle.annotations.answer_words import describe_answer

register = template.Library()


@register.filter
def in_words(annotation: Any) -> str:
    """{{ annotation|in_words }}: what an answer says, be it drawn; why it was skipped is not part of it."""
    return "skipped" if annotation.kind == "skip" else describe_answer(annotation.value, annotation.result)
