"""Log in and out; the admin's login leads here too."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from apps.accounts.models import User
from apps.web.back import back
from apps.web.login_brake import forget_tries, take_a_try


class LoginForm(AuthenticationForm):
    """E-mail and password, with a brake on guessing."""

    remember = forms.BooleanField(required=False, initial=True)
    error_messages = {  # noqa: RUF012  # as in the base class
        "invalid_login": "E-mail address or password is wrong.",
        "inactive": "E-mail address or password is wrong.",
        "braked": "Too many failed attempts. Try again in 5 minutes.",
        "no_username": "Enter your e-mail address.",
        "no_password": "Enter your password.",
    }
    tries_left: int | None = None

    def __init__(self, request: HttpRequest | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.fields["username"].error_messages["required"] = self.error_messages["no_username"]
        self.fields["password"].error_messages["required"] = self.error_messages["no_password"]

    def clean(self) -> dict[str, Any]:
        """Check the password, unless the tries are used up."""
        address = self.cleaned_data.get("username")
        if not address or not self.cleaned_data.get("password") or self.request is None:
            return self.cleaned_data
        self.tries_left = take_a_try(self.request, address)
        if self.tries_left is None:
            raise forms.ValidationError(self.error_messages["braked"], code="braked")
        cleaned = super().clean()
        forget_tries(self.request, address)
        return cleaned


class Login(LoginView):
    """The login page."""

    template_name = "login/login.html"
    form_class = LoginForm
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Log in; the session ends with the browser unless asked otherwise."""
        response = super().form_valid(form)
        if not form.cleaned_data["remember"]:
            self.request.session.set_expiry(0)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add how many tries are left."""
        context = super().get_context_data(**kwargs)
        return context | {"tries_left": context["form"].tries_left}


def admin_login(request: HttpRequest) -> HttpResponse:
    """Send people who open the admin to the one login; tell those who are in that they may not."""
    wanted = back(request, request.GET.get(REDIRECT_FIELD_NAME, ""), default="admin:index")
    if not request.user.is_authenticated:
        return HttpResponseRedirect(f"{reverse('login')}?{urlencode({REDIRECT_FIELD_NAME: wanted})}")
    if isinstance(request.user, User) and request.user.is_staff:
        return HttpResponseRedirect(wanted)
    raise PermissionDenied("The admin is for staff. Ask an administrator for access.")
