"""`hearthline models`."""

from hearthline.cli._options import JsonOption
from hearthline.cli._screen import print_json, results, table

__all__ = ["models"]


def models(*, as_json: JsonOption = False) -> None:
    """List the attribution models: what they are called and where they were published."""
    from hearthline import attribution

    known = [attribution.load(name) for name in attribution.names()]
    told = [{"name": m.name, "title": m.title, "rule": m.rule, "paper": m.paper} for m in known]
    if as_json:
        print_json(told)
        return
    rows = [
        (t["name"], t["title"], t["paper"] or "a convention" if t["rule"] else t["paper"] or "–")
        for t in told
    ]
    results().print(table(("model", "title", "published"), rows))
