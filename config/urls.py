"""The table of contents: pages for people, the Django admin."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from apps.web.pages.password import password_change

admin.site.site_header = "Backline"
admin.site.site_title = "Backline admin"
admin.site.index_title = "Administration"

urlpatterns = [
    # one login for all, behind one brake
    path("admin/login/", RedirectView.as_view(pattern_name="admin_login", query_string=True)),
    path("admin/password_change/", password_change),
    path("admin/", admin.site.urls),
    path("", include("apps.ops.urls")),
    path("", include("apps.web.urls")),
]

handler400 = "apps.web.pages.errors.bad_request"
handler404 = "apps.web.pages.errors.not_found"
handler403 = "apps.web.pages.errors.forbidden"
handler500 = "apps.web.pages.errors.server_error"
