"""Users and groups in the Django admin.

Rights are granted by superusers only: with Django's own admin, a person who may change users makes itself a
superuser, takes over a colleague's account by a new password, or widens a group it belongs to.
"""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.forms.widgets import Script
from django.http import HttpRequest

from apps.accounts.models import User

GRANTS = ("is_staff", "is_superuser", "groups", "user_permissions")  # changed by superusers only

TOOLTIPS = Script("tooltips.js", type="module")

admin.site.unregister(Group)


@admin.register(User)
class PersonAdmin(UserAdmin[User]):
    """Django's own user admin, with the e-mail address as login."""

    ordering = ("email",)
    list_display = ("email", "first_name", "last_name", "is_staff", "is_active")
    search_fields = ("email", "first_name", "last_name")
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "time_zone")}),
        ("Permissions", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )

    class Media:
        js = (TOOLTIPS,)

    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Show the fields that grant rights, for superusers to change."""
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if _is_superuser(request) else (*fields, *GRANTS)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Keep the accounts of staff, passwords included, for superusers."""
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Keep the accounts of staff for superusers."""
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)


@admin.register(Group)
class TeamAdmin(GroupAdmin):
    """Django's own group admin, read-only but for superusers: a group grants rights to its members."""

    class Media:
        js = (TOOLTIPS,)

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        """Let superusers add groups."""
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Let superusers change groups."""
        return _is_superuser(request) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Let superusers delete groups."""
        return _is_superuser(request) and super().has_delete_permission(request, obj)


def _is_superuser(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_active and request.user.is_superuser


def _may_touch(request: HttpRequest, user: User | None) -> bool:
    if user is None or _is_superuser(request):
        return True
    return not (user.is_staff or user.is_superuser)
