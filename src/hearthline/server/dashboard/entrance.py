"""Around the screens: lists of reports, the API's page, signing in, colours, files, refusals."""

from collections.abc import Callable
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hearthline import reports
from hearthline.server.api.access import COOKIE
from hearthline.server.api.errors import Refusal
from hearthline.server.api.narrow import asked_of, narrowed
from hearthline.server.api.openapi import document
from hearthline.server.api.service import Service, service_of
from hearthline.server.dashboard import drawing
from hearthline.server.dashboard.drawing import Drawing
from hearthline.server.dashboard.page import THEMES, about_answer, page
from hearthline.server.dashboard.screens import SCREENS, screen_of

__all__ = [
    "all_reports",
    "api_page",
    "health",
    "login",
    "logout",
    "nowhere",
    "one_report",
    "refusal",
    "static",
    "theme",
]

_SIGN_IN = "Sign in with a token"


def all_reports(request: Request) -> Response:
    """Return the list of all reports."""
    told = [(name, reports.load(name)) for name in reports.in_order()]
    at = {s.key: s for s in SCREENS}
    return about_answer(request, "reports.html", None, told=told, at=at, headline=f"{len(told)} reports")


def one_report(request: Request) -> Response:
    """Return one report on its own: the permanent address of a figure."""
    shelf, name = service_of(request).shelf, request.path_params["name"]
    figure = shelf.figure(name)
    asked = asked_of(figure, request.query_params.multi_items(), strict=False)
    shown = narrowed(figure, asked)
    home = getattr(reports.load(name), "SCREEN", None)
    return about_answer(
        request,
        "report.html",
        screen_of(home) if home else None,
        figure=shown,
        draw=Drawing(shelf, {name: asked}).figure,
        headline=shown.title,
        asked=asked,
    )


def api_page(request: Request) -> Response:
    """Return the API's description for people, made from the same document."""
    return page(request, "api.html", None, api=document(), headline="The read API")


async def login(request: Request) -> Response:
    """Take a token, from the link that the server printed or from the form, and keep it in a cookie."""
    service = service_of(request)
    sent = (
        parse_qs((await request.body())[:4096].decode("utf-8", "replace")) if request.method == "POST" else {}
    )
    token = (sent.get("token") or [request.query_params.get("token", "")])[0].strip()
    if not token:
        return page(request, "login.html", None, wrong="", headline=_SIGN_IN)
    if not await run_in_threadpool(service.access.admits, token):
        wrong = "This token is not known, or it may not read."
        return page(request, "login.html", None, 401, wrong=wrong, headline=_SIGN_IN)
    response = RedirectResponse("/", 303)
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, token, max_age=12 * 3600, httponly=True, samesite="strict", secure=secure)
    return response


def logout(_: Request) -> Response:
    """Forget the token."""
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE)
    return response


def theme(request: Request) -> Response:
    """Keep how the reader wants the screens: light, dark, or as the system is."""
    wanted, back = request.query_params.get("to", ""), request.query_params.get("back", "/")
    ours = back.startswith("/") and not back.startswith(("//", "/\\"))
    response = RedirectResponse(back if ours else "/", 303)
    secure = request.url.scheme == "https"
    kept = wanted if wanted in THEMES else ""
    response.set_cookie("theme", kept, max_age=10**7, samesite="lax", secure=secure, httponly=True)
    return response


def health(_: Request) -> Response:
    """Return that the server answers."""
    return Response(b'{"state":"ok"}', media_type="application/json")


def static(request: Request) -> Response:
    """Return a file that pages need; its address changes with it, so it may be kept for ever."""
    found = drawing.static_files().get(request.path_params["name"])
    if found is None:
        raise Refusal(404, "unknown-address", "there is no such file", "open the first screen")
    kept = {"cache-control": "public, max-age=31536000, immutable"}
    return Response(found[0], media_type=found[1], headers=kept)


def nowhere(_: Request) -> Response:
    """Answer an address that there is not."""
    cure = "open one of the screens"
    raise Refusal(404, "unknown-address", "There is no page at this address", cure)


def refusal(service: Service) -> Callable[[Request, Refusal], Response]:
    """Return what draws a refusal for people: its own page, inside the same shell."""

    def shown(request: Request, error: Refusal) -> Response:
        told = error.body()["error"]
        first = request.url.path.strip("/").partition("/")[0]
        where = next((s for s in SCREENS if s.path.strip("/") == first), None)
        if error.status == 401:
            return page(request, "login.html", None, 401, wrong="", headline=_SIGN_IN)
        if error.code == "no-answer":
            more = {"home": service.home, "told": told, "headline": "No answer yet"}
            return page(request, "empty.html", where or SCREENS[0], 503, **more)
        return page(request, "error.html", where, error.status, told=told, headline=str(told["message"]))

    return shown
