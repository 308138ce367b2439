"""The one family of expected errors: raised in services, shown to people as they are."""


class DomainError(Exception):
    """Something a user did or asked for cannot be done. The message is a sentence they can act on.

    `code` is stable and machine-readable; `fields` maps a form field to its own message.
    """

    code = "invalid"
    status = 400

    def __init__(self, message: str, *, fields: dict[str, str] | None = None):
        super().__init__(message)
        self.message = message
        self.fields = fields or {}


class NotFound(DomainError):
    """There is no such thing, or the caller may not know that there is."""

    code = "not_found"
    status = 404


class Forbidden(DomainError):
    """The caller may see the thing but not do this to it."""

    code = "forbidden"
    status = 403


class Conflict(DomainError):
    """The thing is not in a state in which this can be done."""

    code = "conflict"
    status = 409


class TooMany(DomainError):
    """A limit is reached; trying again later may work."""

    code = "too_many"
    status = 429
