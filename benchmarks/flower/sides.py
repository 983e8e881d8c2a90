"""Both sides of a federated fit in Flower: a node whose homes lie in a file, and the server."""

from collections.abc import Iterable
from dataclasses import fields

import numpy as np
from flwr.app import Context
from flwr.serverapp import Grid, ServerApp
from scipy import sparse

from hearthline.attribution import (
    Ask,
    HomeSums,
    Privacy,
    Terms,
    fitted_on_sums,
    fitted_privately,
    flower_client,
    flower_sums,
    load,
)
from hearthline.schema.journey import Floats, Journeys


def homes_of(context: Context) -> Iterable[HomeSums]:
    """Return the homes of the node's file, one by one."""
    model = load("additive_hazard")
    with np.load(str(context.node_config["homes"])) as kept:
        parts = {f.name: kept[f.name] for f in fields(Journeys) if f.name in kept.files}
        for name in ("strata_h", "expired"):
            parts[name] = sparse.csr_array(parts[name])
    journeys = Journeys(**parts)
    return [
        HomeSums(model.gather(journeys.take(np.flatnonzero(journeys.unit == home))))
        for home in np.unique(journeys.unit)
    ]


node = flower_client(homes_of)
server = ServerApp()


@server.main()  # type: ignore[untyped-decorator]
def main(grid: Grid, context: Context) -> None:
    given = context.run_config
    terms = Terms(int(given["channels"]), int(given["kernels"]), int(given["strata"]))
    carrier, numbers = flower_sums(grid, int(given["nodes"]), patience_s=300.0), []

    def counted(ask: Ask) -> Floats:
        told = carrier(ask)
        numbers.append(len(told))
        return told

    if rounds := int(given["privately"]):
        budget = Privacy(epsilon=float("inf"), hours=1e6, exposures_h=1e6, rounds=rounds)
        fit = fitted_privately(counted, terms, budget)
    else:
        fit = fitted_on_sums(counted, terms).fit
    np.savez(str(given["out"]), mu=fit.mu, gamma=fit.gamma, numbers=numbers)
