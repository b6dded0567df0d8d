"""Ask for the newsletter, and stop it: with a login, or by the link in each letter without one."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from apps.mail.subscriptions import found_by, is_wanted_by, subscribe, unsubscribe
from apps.web.request import LoggedIn


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def newsletter(request: LoggedIn) -> HttpResponse:
    """Show whether I get the newsletter; change it when the form comes back.  Twice is as good as once."""
    if request.method != "POST":
        return render(request, "newsletter/newsletter.html", {"is_wanted": is_wanted_by(request.user)})
    match request.POST.get("wanted"):
        case "yes":
            subscribe(request.user)
            messages.success(request, f"Subscribed. The next issue is sent to {request.user.email}.")
        case "no":
            unsubscribe(request.user)
            messages.success(request, "Unsubscribed.")
        case _:
            return HttpResponseBadRequest("wanted must be yes or no.")
    return redirect("newsletter")


@csrf_exempt  # mail programs post it by themselves (RFC 8058); the token is what shows that they may
@require_http_methods(["GET", "HEAD", "POST"])
def leave_newsletter(request: HttpRequest) -> HttpResponse:
    """Ask before stopping it, since programs open the links of letters; stop it when the form comes back."""
    subscription = found_by(request.GET.get("token", ""))
    if subscription is None:
        raise Http404("This unsubscribe link is not valid.")
    if request.method == "POST":
        unsubscribe(subscription.user)
    context = {"email": subscription.user.email, "is_wanted": is_wanted_by(subscription.user)}
    return render(request, "newsletter/leave.html", context)
