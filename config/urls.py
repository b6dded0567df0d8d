"""The table of contents: pages for people, the Django admin."""

from django.contrib import admin
from django.urls import include, path

admin.site.site_header = "Backline"
admin.site.site_title = "Backline admin"
admin.site.index_title = "Administration"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("apps.ops.urls")),
    path("", include("apps.web.urls")),
]

handler404 = "apps.web.pages.errors.not_found"
handler403 = "apps.web.pages.errors.forbidden"
handler500 = "apps.web.pages.errors.server_error"
