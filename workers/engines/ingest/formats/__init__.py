"""What other tools write, read: each module knows one format and nothing of archives, items or the database."""
