"""Reads of the exploration room, one capability a module."""

from lifecycle.exploration.selectors.colors import color_points, list_colors
from lifecycle.exploration.selectors.findings import (
    FindingList,
    count_below,
    count_kept,
    find_job,
    find_scan,
    list_findings,
    list_kept_ids,
    list_lists,
    list_titles,
    map_open_items,
    pick_item_ids,
)
from lifecycle.exploration.selectors.gallery import (
    count_items,
    filter_items,
    find_neighbors,
    list_items,
    list_matching_ids,
)
from lifecycle.exploration.selectors.loop import summarize_explore
from lifecycle.exploration.selectors.picking import Scope, get_act, load_act, pick_ids
from lifecycle.exploration.selectors.profiles import find_profile, has_changed_since, load_version
from lifecycle.exploration.selectors.tags import list_item_tags, list_tags, list_tags_of_items
from lifecycle.exploration.selectors.views import get_view, list_views

__all__ = [
    "FindingList",
    "Scope",
    "color_points",
    "count_below",
    "count_items",
    "count_kept",
    "filter_items",
    "find_job",
    "find_neighbors",
    "find_profile",
    "find_scan",
    "get_act",
    "get_view",
    "has_changed_since",
    "list_colors",
    "list_findings",
    "list_item_tags",
    "list_items",
    "list_kept_ids",
    "list_lists",
    "list_matching_ids",
    "list_tags",
    "list_tags_of_items",
    "list_titles",
    "list_views",
    "load_act",
    "load_version",
    "map_open_items",
    "pick_ids",
    "pick_item_ids",
    "summarize_explore",
]
