"""The identity screen: who shares what, how sure, and what another threshold would change."""

from starlette.requests import Request
from starlette.responses import Response

from hearthline.reports.doubt import THRESHOLDS
from hearthline.schema import text
from hearthline.server.api.errors import Refusal
from hearthline.server.api.service import service_of
from hearthline.server.api.shelf import Shelf
from hearthline.server.dashboard.page import Row, screen

__all__ = ["identity"]

_USUAL, _LOOSER = "0.9", "0"
_CHOICES = {_LOOSER: "looser: also what was set aside"} | {
    f"{t:g}": f"stricter: {100 * t:g}% sure or more" for t in THRESHOLDS
}


def identity(request: Request) -> Response:
    """Return the screen; `sure` in the address says which threshold to try."""
    asked = request.query_params.get("sure", _USUAL)
    if asked not in _CHOICES:
        cure = f"choose one of {', '.join(_CHOICES)}"
        raise Refusal(422, "bad-filter", f"`sure` cannot be {asked[:20]!r}", cure)
    shelf = service_of(request).shelf
    return screen(
        request,
        "identity",
        template="identity.html",
        choices=[{"value": v, "label": said, "chosen": v == asked} for v, said in _CHOICES.items()],
        tried=_tried(shelf, float(asked)),
    )


def _tried(shelf: Shelf, sure: float) -> Row | None:
    """Return what a threshold would change, with the homes that it would touch most; None without homes."""
    made = shelf.figure("doubt").rows.to_pylist()
    found = next((r for r in made if r["sure"] is not None and r["sure"] == sure), None)
    if found is None:
        return None
    now = next(r["found"] for r in made if r["what"] == "Homes")
    if not sure:
        said = (
            f"{text.plural(found['changed'], 'home')} would be joined with others" if found["changed"] else ""
        )
        said = said or "No two homes would become one"
    else:
        stake = text.exact_money(found["revenue"], shelf.currency)
        said = f"{stake} of net revenue hangs on links less than {100 * sure:g}% sure"
    homes = [r for r in made if r["unit"] is not None]
    return {**found, "now": now, "said": said, "homes": homes}
