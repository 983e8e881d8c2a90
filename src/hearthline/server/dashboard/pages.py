"""The addresses of the screens."""

from starlette.routing import Route

from hearthline.server.dashboard import doubts, entrance, opening, summaries

__all__ = ["ROUTES"]

ROUTES = [
    Route("/", summaries.overview),
    Route("/attribution", summaries.attribution),
    Route("/paths", summaries.paths),
    Route("/household", opening.household_index),
    Route("/household/{unit}", opening.one_household),
    Route("/orders", opening.order_list),
    Route("/orders/{order:path}", opening.one_order),
    Route("/event", opening.one_event),
    Route("/devices", summaries.of("devices")),
    Route("/replenishment", summaries.of("replenishment", "open.html")),
    Route("/identity", doubts.identity),
    Route("/stream", summaries.stream),
    Route("/stream/arrived", summaries.arrived),
    Route("/stream/retry", summaries.retried, methods=["POST"]),
    Route("/trust", summaries.trust),
    Route("/reports", entrance.all_reports),
    Route("/reports/{name}", entrance.one_report),
    Route("/api", entrance.api_page),
    Route("/login", entrance.login, methods=["GET", "POST"]),
    Route("/logout", entrance.logout),
    Route("/theme", entrance.theme),
    Route("/health", entrance.health),
    Route("/static/{hash}/{name}", entrance.static),
    Route("/{rest:path}", entrance.nowhere),
]
