"""The pages for staff."""

from django.urls import path

from apps.ops.pages.flower import flower

urlpatterns = [
    path("flower/", flower, name="flower"),
]
