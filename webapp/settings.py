"""Django settings, all read from the environment by lifecycle.contracts.settings (the one documented table)."""

import os
from pathlib import Path

from lifecycle.contracts.settings import load_settings

BASE_DIR = Path(__file__).resolve().parent.parent
ENV = load_settings(BASE_DIR)

GRISTMILL_HOME = Path(ENV.home)
SECRET_KEY = ENV.secret_key
SECRET_KEY_FALLBACKS = ENV.old_secret_keys
DEBUG = ENV.debug
ALLOWED_HOSTS = ENV.allowed_hosts
SITE_URL = ENV.url
CSRF_TRUSTED_ORIGINS = [ENV.url] if ENV.url else []
STORAGE_URL = ENV.storage_url
SERVING_URL = ENV.serving_url
MAX_UPLOAD_BYTES = ENV.max_upload_bytes
ALLOW_PRIVATE_ADDRESSES = ENV.allow_private_addresses
SOURCE_FOLDERS = ENV.source_folders
SOURCE_ADDRESSES = ENV.source_addresses
PACKAGES_DIR = GRISTMILL_HOME / "packages"
RUNS_DIR = GRISTMILL_HOME / "runs"
TEMP_DIR = GRISTMILL_HOME / "tmp"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
    "django_celery_beat",
    "lifecycle.accounts",
    "lifecycle.projects",
    "lifecycle.jobs",
    "lifecycle.datasets",
    "lifecycle.sources",
    "lifecycle.crawls",
    "lifecycle.annotations",
    "lifecycle.experiments",
    "lifecycle.evaluations",
    "lifecycle.registry",
    "lifecycle.deployments",
    "lifecycle.monitoring",
    "lifecycle.embeddings",
    "lifecycle.exploration",
    "lifecycle.pipelines",
    "webapp",
]

MIDDLEWARE = [
    "webapp.middleware.RequestMetrics",
    "django.middleware.security.SecurityMiddleware",
    "webapp.middleware.ContentSecurityPolicy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "webapp.middleware.DoorSlashes",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "webapp.middleware.PrivatePages",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "webapp.middleware.DomainErrors",
    "webapp.middleware.PasswordChangeRequired",
]

ROOT_URLCONF = "webapp.urls"
WSGI_APPLICATION = "webapp.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "webapp.context.site",
            ],
            "builtins": ["webapp.templatetags.gristmill"],
        },
    }
]

DATABASES = {"default": ENV.database}
if os.environ.get("GRISTMILL_DATABASE_POOL") == "off":  # workers fork, and a pool's threads do not survive that
    DATABASES["default"]["OPTIONS"].pop("pool", None)
DATABASE_PREPARE = ENV.database_prepare
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = ENV.redis_url
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "projects:list"
LOGOUT_REDIRECT_URL = "accounts:login"
PASSWORD_RESET_TIMEOUT = 24 * 60 * 60
CSRF_FAILURE_VIEW = "webapp.errors.render_csrf_failure"
SESSION_COOKIE_AGE = 14 * 24 * 60 * 60

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = ENV.secure
CSRF_COOKIE_SECURE = ENV.secure
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = ENV.secure
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.secure else None
SECURE_HSTS_SECONDS = 31_536_000 if ENV.secure else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = ENV.secure
SECURE_HSTS_PRELOAD = ENV.secure
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 5_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_TEMP_DIR = str(TEMP_DIR)
TEMP_DIR.mkdir(parents=True, exist_ok=True)

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = GRISTMILL_HOME / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_USE_FINDERS = True  # serves static/ directly: no collectstatic needed to start
WHITENOISE_AUTOREFRESH = DEBUG

EMAIL_BACKEND = ENV.email_backend
EMAIL_HOST, EMAIL_PORT = ENV.email_host, ENV.email_port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = ENV.email_user, ENV.email_password
EMAIL_USE_TLS = ENV.email_use_tls
EMAIL_TIMEOUT = 20
EMAIL_FILE_PATH = str(GRISTMILL_HOME / "mail")
DEFAULT_FROM_EMAIL = ENV.email_from

# lifecycle.jobs publishes through this function; tests swap in an in-memory double.
JOB_PUBLISHER = "workers.celery.publish"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "webapp.api.authentication.TokenAuthentication",
        "webapp.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["webapp.api.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["webapp.api.renderers.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "webapp.api.parsers.OrjsonParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_SCHEMA_CLASS": "webapp.api.schema.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "webapp.api.pagination.Pagination",
    "EXCEPTION_HANDLER": "webapp.api.errors.render_problem",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Gristmill",
    "DESCRIPTION": "The whole life of a machine-learning product over HTTP.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SCHEMA_PATH_PREFIX_TRIM": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "AUTHENTICATION_WHITELIST": [
        "webapp.api.authentication.TokenAuthentication",
        "webapp.api.authentication.SessionAuthentication",
    ],
    "POSTPROCESSING_HOOKS": [
        "webapp.api.schema.add_common_parts",
    ],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
