"""Where items come from again and again: databases, files, buckets, sites; each with its contract."""
