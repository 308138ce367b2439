"""What the embedding engine raises when it cannot encode at all."""


class EncoderRefused(ValueError):
    """No vectors can be made with this encoder; the message says why and what to do."""
