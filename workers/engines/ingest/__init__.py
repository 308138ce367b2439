"""Uploaded files in, Parquet parts of clean items and a list of what was set aside out.

What there is to call is `run.run` and `preview.inspect`. Nothing is loaded here: the crawler makes items with parts of
this room, and its processes start without Arrow.
"""
