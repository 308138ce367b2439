"""Pure torch models, without data or training."""
