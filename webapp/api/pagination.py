"""Lists in pages, under one envelope: count, next, previous, results."""

from __future__ import annotations

from functools import cached_property

from django.core.paginator import Paginator
from django.db.models import QuerySet
from rest_framework.pagination import CursorPagination as BaseCursorPagination
from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response

from lifecycle.common.errors import DomainError

COUNT_LIMIT = 10_000
MAX_PAGE_SIZE = 1_000


class CappedPaginator(Paginator):
    """Counts up to a limit only: nobody reads page 400, and counting a million rows takes longer than the page."""

    @cached_property
    def count(self) -> int:
        if isinstance(self.object_list, QuerySet):
            return self.object_list.order_by()[: COUNT_LIMIT + 1].count()
        return len(self.object_list)

    @property
    def is_capped(self) -> bool:
        return self.count > COUNT_LIMIT


class Pagination(PageNumberPagination):
    """``?page=2&page_size=100``. `count` is null when there are more than 10,000; page those with ``?cursor=``."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = MAX_PAGE_SIZE
    django_paginator_class = CappedPaginator
    invalid_page_message = "There is no page {page_number}; long lists end at row 10,000: narrow them by a filter."

    def get_paginated_response(self, data) -> Response:
        assert self.page is not None  # DRF pages before it answers
        paginator = self.page.paginator
        count = None if getattr(paginator, "is_capped", False) else paginator.count
        return Response(_envelope(count, self.get_next_link(), self.get_previous_link(), data))

    def get_paginated_response_schema(self, schema):
        return _envelope_schema(schema)


def refuse_page_numbers(request) -> None:
    """DomainError for ``?page=2`` of a list that goes on by its links: the first page again, and again, would look like
    the next one."""
    if request.query_params.get("page", "1") not in ("", "1"):
        words = "This list has no numbered pages: follow `next` of the page before."
        raise DomainError(words, fields={"page": words})


class CursorPagination(BaseCursorPagination):
    """``?cursor=…``: every page costs the same, however deep; follow `next`. For tables of a million rows."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = MAX_PAGE_SIZE
    ordering: str | tuple[str, ...] = "-id"

    def paginate_queryset(self, queryset, request, view=None):
        refuse_page_numbers(request)
        return super().paginate_queryset(queryset, request, view)

    def get_paginated_response(self, data) -> Response:
        return Response(_envelope(None, self.get_next_link(), self.get_previous_link(), data))

    def get_paginated_response_schema(self, schema):
        return _envelope_schema(schema)


def _envelope(count, following, previous, results) -> dict:
    return {"count": count, "next": following, "previous": previous, "results": results}


def _envelope_schema(schema) -> dict:
    link = {"type": ["string", "null"], "format": "uri"}
    return {
        "type": "object",
        "required": ["count", "next", "previous", "results"],
        "properties": {
            "count": {"type": ["integer", "null"], "description": "null when counting would take too long"},
            "next": link,
            "previous": link,
            "results": schema,
        },
    }
