"""Why a whole source cannot be read."""


class SourceError(ValueError):
    """What the source's settings, or the operator's, do not allow; the message is a sentence for a person."""


class SourceUnreachable(Exception):
    """The source does not answer now; another attempt may work."""
