"""Databases, folders, buckets and uploads in; checked Parquet parts, keys and a quarantine out.

What there is to call is `run.run` and `preview.preview`. Nothing is loaded here: the crawler holds its pages to
contracts with parts of this room, and its processes start without SQLAlchemy.
"""
