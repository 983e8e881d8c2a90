"""Which model to believe: side by side by held-out fit, by experiments, and by simulated truth."""

from collections.abc import Mapping

from hearthline.pipeline.choosing.showing import choice_figure, disagreement_figure
from hearthline.pipeline.experiments import opened
from hearthline.schema.figure import Figure
from hearthline.store.home import HomeFolder

__all__ = ["compare"]


def compare(
    home: HomeFolder, truth: Mapping[str, Mapping[str, float]] | None = None
) -> tuple[Figure, Figure]:
    """Return the models side by side, and where they disagree; see `Home.compare`."""
    with opened(home) as (answer, read):
        return choice_figure(read, truth or {}, answer), disagreement_figure(read, answer)
