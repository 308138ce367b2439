from django.apps import AppConfig


class CrawlsConfig(AppConfig):
    name = "lifecycle.crawls"
    label = "crawls"
