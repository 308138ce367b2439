"""Why a thing was set aside."""


class Refused(Exception):
    """One file, member or row cannot be imported; the message is the reason, in words for a person."""
