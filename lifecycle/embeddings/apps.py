from django.apps import AppConfig


class EmbeddingsConfig(AppConfig):
    name = "lifecycle.embeddings"
    label = "embeddings"
