"""The one implementation of pre- and post-processing, shared by training, evaluation, batch, serving and exports.

Needs numpy, Pillow, tokenizers and onnxruntime only, so that the serving process starts fast.
"""

from workers.engines.artifact.errors import BadArtifact, BadInput
from workers.engines.artifact.predictor import Prediction, Predictor

__all__ = ["BadArtifact", "BadInput", "Prediction", "Predictor"]
