"""All settings, one flat file.  What operators set comes from the environment; see docs/settings.md."""

from datetime import timedelta
from pathlib import Path

import dj_database_url
import django_stubs_ext
from csp.constants import NONE, SELF

from apps.jobs.messages import broker_options
from apps.local.servers import addresses
from apps.local.servers.layout import Layout
from apps.local.servers.locate import postgres_directories
from apps.local.servers.secret_key import secret_key
from config import env

django_stubs_ext.monkeypatch()  # ModelAdmin[User] and its kin may be written at run time

BASE_DIR = Path(__file__).resolve().parent.parent
STATE_DIR = Layout(BASE_DIR).state  # what this machine keeps for the project; never in git

# --- Django -------------------------------------------------------------------

SECRET_KEY = env.text("DJANGO_SECRET_KEY") or secret_key(BASE_DIR)
DEBUG = env.flag("DJANGO_DEBUG", default=False)
ALLOWED_HOSTS = env.words("DJANGO_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("DJANGO_CSRF_TRUSTED_ORIGINS")
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",  # for FORM_RENDERER
    "django_celery_beat",
    "django_celery_results",
    "django_htmx",
    "csp",
    "apps.accounts",
    "apps.jobs",
    "apps.events",
    "apps.schedules",
    "apps.mail",
    "apps.maintenance",
    "apps.shop",
    "apps.transfers",
    "apps.ops",
    "apps.web",
    "apps.local",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "apps.web.middleware.addresses_hold_no_nul",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "apps.web.middleware.times_are_the_persons",
    "apps.web.middleware.jobs_come_from_the_web",
]

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"  # so that templates/ may replace a widget's
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
                "apps.web.page.page",
            ],
        },
    },
]

# --- Database -----------------------------------------------------------------

# A connection a request: under ASGI each thread would keep its own, and they add up to the server's limit.
# Workers, keeper and beat serve no requests and keep theirs.
DATABASES = {"default": dj_database_url.parse(addresses.database_url(BASE_DIR), conn_max_age=0)}
DATABASES["default"].setdefault("OPTIONS", {}).update(
    {
        "connect_timeout": 5,
        "tcp_user_timeout": 10_000,  # ms: a half-open socket is noticed, by the kernel
        "application_name": "backline",
        # how often a statement is planned before it is kept; Django's own never are
        "prepare_threshold": 0 if env.flag("BACKLINE_PREPARE", default=True) else None,
    }
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- People -------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())

# --- Time and words -----------------------------------------------------------

LANGUAGE_CODE = "en-gb"
TIME_ZONE = env.text("BACKLINE_TIME_ZONE", "UTC")
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = "config.formats"
USE_THOUSAND_SEPARATOR = True

# --- Files --------------------------------------------------------------------

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True  # no collectstatic step between a clone and a running site
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
BACKLINE_UPLOADS_DIR = Path(env.text("BACKLINE_UPLOADS_DIR") or STATE_DIR / "uploads")
BACKLINE_UPLOAD_MAX_BYTES = env.number("BACKLINE_UPLOAD_MAX_BYTES", 2 * 1024**3)
BACKLINE_UPLOAD_MAX_S = env.number("BACKLINE_UPLOAD_MAX_S", 3600)  # from its first byte to its last
BACKLINE_UPLOADS_IN_FLIGHT_BYTES = env.number(
    "BACKLINE_UPLOADS_IN_FLIGHT_BYTES", 8 * 1024**3
)  # of a web process
BACKLINE_WEB_SESSIONS = env.number("BACKLINE_WEB_SESSIONS", 40)  # of the database, of a web process
# of one person in a web process
BACKLINE_UPLOADS_AT_ONCE = env.number("BACKLINE_UPLOADS_AT_ONCE", 3)
BACKLINE_DOWNLOADS_AT_ONCE = env.number("BACKLINE_DOWNLOADS_AT_ONCE", 4)
BACKLINE_STREAMS_AT_ONCE = env.number("BACKLINE_STREAMS_AT_ONCE", 12)
# of one person; 0: no limit
BACKLINE_UPLOADS_PER_MINUTE = env.number("BACKLINE_UPLOADS_PER_MINUTE", 10)
BACKLINE_UPLOAD_BYTES_PER_DAY = env.number("BACKLINE_UPLOAD_BYTES_PER_DAY", 10 * 1024**3)
BACKLINE_UPLOAD_KEPT_BYTES = env.number("BACKLINE_UPLOAD_KEPT_BYTES", 20 * 1024**3)
BACKLINE_IMPORT_ROWS_PER_DAY = env.number("BACKLINE_IMPORT_ROWS_PER_DAY", 20_000_000)
BACKLINE_IMPORT_MAX_ROWS = env.number("BACKLINE_IMPORT_MAX_ROWS", 10_000_000)  # in one file

# --- Mail ---------------------------------------------------------------------

EMAIL_HOST = env.text("DJANGO_EMAIL_HOST")
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend" if EMAIL_HOST else "apps.mail.to_files.EmailBackend"
)
EMAIL_FILE_PATH = STATE_DIR / "mail"  # where letters go while there is no server
EMAIL_PORT = env.number("DJANGO_EMAIL_PORT", 587)
EMAIL_HOST_USER = env.text("DJANGO_EMAIL_USER")
EMAIL_HOST_PASSWORD = env.text("DJANGO_EMAIL_PASSWORD")
EMAIL_USE_SSL = EMAIL_PORT == 465  # speaks TLS from the first byte on
EMAIL_USE_TLS = env.flag("DJANGO_EMAIL_TLS", default=True) and not EMAIL_USE_SSL
EMAIL_TIMEOUT = 20  # seconds without an answer
# Whom to tell when a schedule did not run; else every superuser. Django's ADMINS get every error 500 too.
BACKLINE_ALERTS_TO = env.addresses("BACKLINE_ALERTS_TO")
DEFAULT_FROM_EMAIL = env.text("DJANGO_FROM_EMAIL", "Backline <backline@localhost>")

# --- Safety -------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SESSION_COOKIE_HTTPONLY = True
BEHIND_TLS = env.flag("BACKLINE_BEHIND_TLS", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
if BEHIND_TLS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = int(timedelta(days=30).total_seconds())

# --- Celery -------------------------------------------------------------------

CELERY_BROKER_URL = addresses.broker_url(BASE_DIR)
BACKLINE_BROKER_TIMEOUT_S = env.number("BACKLINE_BROKER_TIMEOUT_S", 2)  # for any answer of the broker
BACKLINE_BROKER_IDLE_S = env.number("BACKLINE_BROKER_IDLE_S", 10)  # then a silent connection is checked
CELERY_BROKER_TRANSPORT_OPTIONS = broker_options.transport_options(
    CELERY_BROKER_URL, broker_options.Patience(BACKLINE_BROKER_TIMEOUT_S, BACKLINE_BROKER_IDLE_S)
)
CELERY_BROKER_CONNECTION_TIMEOUT = BACKLINE_BROKER_TIMEOUT_S  # RabbitMQ's greeting included
CELERY_BROKER_HEARTBEAT = BACKLINE_BROKER_IDLE_S  # RabbitMQ: a worker notices in twice the time
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker outlives any outage of its broker
CELERY_BROKER_POOL_ACQUIRE_TIMEOUT = 2
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_ALWAYS_EAGER = (
    False  # asked for by every enqueue: a setting that is not there takes longer to read
)
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_BACKEND = "apps.jobs.results:LedgerBackend"
CELERY_RESULT_EXTENDED = (
    True  # names and arguments of other packages' tasks, whose results stand in its tables
)
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_QUEUES: dict[str, dict[str, str]] = {
    name: {} for name in env.words("BACKLINE_QUEUES", "default,imports,maintenance")
}
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_WORKER_CONSUMER = "apps.jobs.worker.consumer:LedgerConsumer"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = env.number(
    "BACKLINE_SOFT_SHUTDOWN_S", 8
)  # then running tasks are ended
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = True  # for Flower
CELERY_TASK_SEND_SENT_EVENT = True
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False  # early ack: let them finish
CELERY_WORKER_MAX_TASKS_PER_CHILD = 10_000  # a new one takes 0.2 s, and its place is empty meanwhile
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 500_000  # kB, looked at between jobs
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULER = "apps.schedules.beat:LedgerScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5

# --- Backline -----------------------------------------------------------------

CELERY_DB_REUSE_MAX = 2**62  # messages a worker's database session serves; Celery would open one for each
JOB_MODULES = env.words("BACKLINE_JOB_MODULES", "tasks")  # packages whose modules are job types
BACKLINE_WINDOW = env.number("BACKLINE_WINDOW", 32)  # messages a queue may have in the broker, at least
BACKLINE_WINDOW_PER_SLOT = 4  # and this many for each slot of the workers that listen to it
BACKLINE_STRAIGHT = (
    4  # messages a queue may have in the broker when an enqueue publishes another itself, at least
)
BACKLINE_STRAIGHT_PER_SLOT = 2  # and for each slot: one runs, one waits for it
BACKLINE_HEARTBEAT_S = 5
BACKLINE_DEAD_AFTER_S = env.number("BACKLINE_DEAD_AFTER_S", 15)  # a worker that is silent for so long is dead
# a message nobody claimed for so long is sent again, then waits twice as long each time
BACKLINE_REPUBLISH_S = env.number("BACKLINE_REPUBLISH_S", 5)
BACKLINE_KILL_GRACE_S = 5  # past its limit: then the process of a job that did not stop is killed
BACKLINE_CANCEL_GRACE_S = 10  # after a cancel: likewise
BACKLINE_WORKER_HTTP = env.number("BACKLINE_WORKER_HTTP", 0)  # port on loopback: health, metrics; 0 is off
BACKLINE_KEEPER_HTTP = env.number("BACKLINE_KEEPER_HTTP", 0)  # the same for a keeper
BACKLINE_BEAT_HTTP = env.number("BACKLINE_BEAT_HTTP", 0)  # and for a beat
BACKLINE_ARTIFACTS_DIR = Path(env.text("BACKLINE_ARTIFACTS_DIR") or STATE_DIR / "artifacts")
BACKLINE_BACKUPS_DIR = Path(env.text("BACKLINE_BACKUPS_DIR") or STATE_DIR / "backups")
BACKLINE_BACKUP_DAYS = env.number("BACKLINE_BACKUP_DAYS", 14)  # then it is deleted, but for the latest
POSTGRES_PROGRAMS = postgres_directories()  # where pg_dump is looked for
BACKLINE_EVENT_DAYS = env.number("BACKLINE_EVENT_DAYS", 90)  # then a fact is forgotten
BACKLINE_TENANT_QUOTA = env.text(
    "BACKLINE_TENANT_QUOTA"
)  # jobs each tenant may ask for: 1000/hour; empty: any
BACKLINE_TENANT_QUOTAS = env.words("BACKLINE_TENANT_QUOTAS")  # of single tenants: acme=10000/hour, beta=none
BACKLINE_JOB_DAYS = env.number("BACKLINE_JOB_DAYS", 90)  # after its end a job is forgotten; 0: never
BACKLINE_EFFECT_DAYS = env.number("BACKLINE_EFFECT_DAYS", 365)  # then a receipt is; 0: never
BACKLINE_MAX_DEATHS = 3  # a job that lost its worker so often without getting further is set aside
BACKLINE_VERSION = env.text("BACKLINE_VERSION", "0.1.0")  # of this release; workers and dead letters say it
BACKLINE_ENVIRONMENT = env.text("BACKLINE_ENVIRONMENT", "local")
WEB_URL = env.text("BACKLINE_WEB_URL", "http://127.0.0.1:8000/")  # Flower sends people there to log in
BACKLINE_DISK_FREE_MB = env.number("BACKLINE_DISK_FREE_MB", 2000)  # with less free space health is red
HEALTH_URL = env.text("BACKLINE_HEALTH_URL") or env.text("BACKLINE_WEB_URL")  # asked by the health check
FLOWER_URL = env.text("BACKLINE_FLOWER_URL")  # where pages link to; empty hides the link

# --- Logging ------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "apps.lib.log_lines.OneLine",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("BACKLINE_LOG_LEVEL", "INFO").upper()},
    "loggers": {
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "django.server": {
            "handlers": ["console"],
            "propagate": False,
        },  # of runserver: Django's does not escape
    },
}
