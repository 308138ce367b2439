from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "lifecycle.accounts"
    label = "accounts"
