"""Reads on encoders, vectors, maps and searches, always through their project."""

from lifecycle.embeddings.selectors.coloring import Coloring, Reader, as_codes, as_values
from lifecycle.embeddings.selectors.colors import COLORS, color_points, list_choices
from lifecycle.embeddings.selectors.encoders import (
    Coverage,
    count_missing,
    find_encoder,
    find_last_job,
    find_query_encoder,
    get_encoder,
    get_usable_model,
    list_encoders,
    list_usable_models,
    load_encoder,
    measure_coverage,
)
from lifecycle.embeddings.selectors.maps import find_map, get_map, list_maps, load_map, read_points
from lifecycle.embeddings.selectors.neighbors import Neighbor, list_like_item, list_like_search, list_nearest
from lifecycle.embeddings.selectors.reading import export_vectors, iterate_missing, read_names, sample_values
from lifecycle.embeddings.selectors.searches import get_search, load_search

__all__ = [
    "COLORS",
    "Coloring",
    "Coverage",
    "Neighbor",
    "Reader",
    "as_codes",
    "as_values",
    "color_points",
    "count_missing",
    "export_vectors",
    "find_encoder",
    "find_map",
    "find_query_encoder",
    "find_last_job",
    "get_encoder",
    "get_map",
    "get_search",
    "get_usable_model",
    "iterate_missing",
    "list_choices",
    "list_encoders",
    "list_like_item",
    "list_like_search",
    "list_maps",
    "list_nearest",
    "list_usable_models",
    "load_encoder",
    "load_map",
    "load_search",
    "measure_coverage",
    "read_names",
    "read_points",
    "sample_values",
]
