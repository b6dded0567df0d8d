"""Change one's own password; guessing the old one has the same limit as the login."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.forms import AdminPasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse_lazy

from apps.web.login_brake import forget_tries, take_a_try

TOO_MANY = "Too many attempts. Wait 5 minutes, then try again."


class PasswordForm(AdminPasswordChangeForm):
    """The admin's form, which counts the tries at the old password."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request = request

    def clean_old_password(self) -> str:
        """Check the old password, unless the tries are used up."""
        if take_a_try(self._request, self.user.email) is None:
            raise ValidationError(TOO_MANY, code="braked")
        old_password: str = super().clean_old_password()
        forget_tries(self._request, self.user.email)
        return old_password


class PasswordChange(PasswordChangeView):
    """The admin's page."""

    form_class = PasswordForm
    success_url = reverse_lazy("admin:password_change_done")

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the request, which says where a try comes from."""
        return super().get_form_kwargs() | {"request": self.request}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what every page of the admin needs."""
        return super().get_context_data(**kwargs) | admin.site.each_context(self.request)


def password_change(request: HttpRequest) -> HttpResponseBase:
    """Show the page to those who may open the admin."""
    return admin.site.admin_view(PasswordChange.as_view())(request)
