"""Why a training cannot start or cannot be delivered, in sentences for the person who asked for it."""


class TrainingRefused(ValueError):
    """The data, the parameters or the machine do not allow this training; the message says what to do."""


class ExportFailed(RuntimeError):
    """The trained model could not be turned into an ONNX file that answers as it does."""
