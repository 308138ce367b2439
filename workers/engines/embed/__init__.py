"""Items to vectors: pretrained encoders from packages, columns of tables, or a model trained here."""

from workers.engines.embed.encoders import EncoderRefused, load_encoder
from workers.engines.embed.run import encode_one, run

__all__ = ["EncoderRefused", "encode_one", "load_encoder", "run"]
