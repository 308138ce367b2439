"""What the artifact code raises when it is handed something it cannot use."""


class BadInput(ValueError):
    """An item or a tensor that this model cannot take; the message is a sentence for whoever sent it."""


class BadArtifact(ValueError):
    """An artifact folder that is incomplete, damaged or made by a newer version."""
