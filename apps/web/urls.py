"""The pages for people."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from apps.web.pages.artifact import artifact
from apps.web.pages.cancel import cancel
from apps.web.pages.downloads import rejects, upload
from apps.web.pages.favicon import favicon
from apps.web.pages.home import home
from apps.web.pages.imports import imports
from apps.web.pages.job import job
from apps.web.pages.live import live_job, live_jobs, poll_job, poll_jobs
from apps.web.pages.log import log
from apps.web.pages.login import Login, admin_login
from apps.web.pages.newsletter import leave_newsletter, newsletter
from apps.web.pages.sample import sample
from apps.web.pages.theme import choose_theme
from apps.web.pages.time_zone import time_zone

urlpatterns = [
    path("", home, name="home"),
    path("live/", live_jobs, name="live_jobs"),
    path("now/", poll_jobs, name="poll_jobs"),
    path("imports/", imports, name="imports"),
    path("imports/sample/", sample, name="sample"),
    path("jobs/<uuid:job_id>/", job, name="job"),
    path("jobs/<uuid:job_id>/live/", live_job, name="live_job"),
    path("jobs/<uuid:job_id>/now/", poll_job, name="poll_job"),
    path("jobs/<uuid:job_id>/log/", log, name="log"),
    path("jobs/<uuid:job_id>/upload/", upload, name="upload"),
    path("jobs/<uuid:job_id>/rejected.csv", rejects, name="rejects"),
    path("jobs/<uuid:job_id>/file/", artifact, name="artifact"),
    path("jobs/<uuid:job_id>/cancel/", cancel, name="cancel"),
    path("newsletter/", newsletter, name="newsletter"),
    path("newsletter/leave/", leave_newsletter, name="leave_newsletter"),
    path("login/", Login.as_view(), name="login"),
    path("login/admin/", admin_login, name="admin_login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("theme/", choose_theme, name="theme"),
    path("time-zone/", time_zone, name="time_zone"),
    path("favicon.ico", favicon, name="favicon"),
]
