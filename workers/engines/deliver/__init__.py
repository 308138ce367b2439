"""Sends one signed request to an address that somebody typed in; knows no Django."""

from workers.engines.deliver.send import Answer, send

__all__ = ["Answer", "send"]
