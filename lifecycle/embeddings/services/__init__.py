"""Verbs on vectors, maps and searches. One capability a module; everything public is here."""

from lifecycle.embeddings.services.catching_up import catch_up
from lifecycle.embeddings.services.encoders import ACTIVE, choose_encoder, delete_encoder, start_embedding
from lifecycle.embeddings.services.maps import delete_map, draw_map, record_map
from lifecycle.embeddings.services.searches import MAX_PICTURE_BYTES, record_search, search_picture, search_text
from lifecycle.embeddings.services.selections import select_cluster
from lifecycle.embeddings.services.vectors import finish_vectors, prepare_encoder, store_vectors

__all__ = [
    "ACTIVE",
    "MAX_PICTURE_BYTES",
    "catch_up",
    "choose_encoder",
    "delete_encoder",
    "delete_map",
    "draw_map",
    "finish_vectors",
    "prepare_encoder",
    "record_map",
    "record_search",
    "search_picture",
    "search_text",
    "select_cluster",
    "start_embedding",
    "store_vectors",
]
