"""What can go wrong, in sentences for the person whose script it is."""


class LoaderError(Exception):
    """The version could not be loaded; the message says why."""


class NotReachable(LoaderError):
    """The server did not answer, and what is in the cache is not enough."""


class CorruptedData(LoaderError):
    """Bytes do not have the hash they are known by, also after they were fetched again."""
