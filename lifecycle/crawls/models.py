"""Crawls of web sites: what was asked for, the durable frontier, what came of it."""
