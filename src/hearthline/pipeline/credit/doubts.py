"""What replicates draw beside households: who is who, and what is owed of an order."""

from functools import partial

import numpy as np

from hearthline.attribution import Drawn, Part
from hearthline.pipeline.core import Core
from hearthline.pipeline.credit.bands import Sample
from hearthline.pipeline.credit.batches import batches
from hearthline.pipeline.credit.orders import Book, open_book
from hearthline.pipeline.credit.owing import Owing
from hearthline.pipeline.doubting import Doubted

__all__ = ["draw", "sample_of"]


def sample_of(fraction: float, owing: Owing, book: Book, *, reaching: bool) -> Sample:
    """Return an empty sample of that fraction of the households, which knows what is owed of their orders."""
    wide = float(1.0 / np.sqrt(fraction))
    return Sample(fraction, partial(owing.scales, book=book, reaching=reaching, wide=wide))


def draw(
    core: Core, doubted: Doubted, owing: Owing, samples: tuple[Sample, Sample], views: set[bool]
) -> None:
    """Let the samples have these households as draws of the links have them.

    Args:
        core: the core.
        doubted: what hangs on doubtful links.
        owing: what is not owed to touches, as it is where all links hold.
        samples: of models which read journeys apart, and of those which reach over conversions.
        views: which of them are asked for.
    """
    found: dict[bool, list[dict[str, Part]]] = {reaches: [] for reaches in views}
    for other in doubted.cores(core, core.settings.attribution.seed):
        book = open_book(other.engine)
        again = [sample_of(s.fraction, owing, book, reaching=bool(r)) for r, s in enumerate(samples)]
        for batch in batches(other, book, reaching=True in views):
            for reaches in views:
                view = batch.reaching if reaches else batch.apart
                for kind, part in owing.owed(view, book, reaching=reaches).items():
                    again[reaches].add(kind, part)
                again[reaches].learn(view.to_order, view.to_enrol, view.orders.end_ms)
        for reaches, parts in found.items():
            parts.append(again[reaches].parts())
    for reaches, parts in found.items():
        samples[reaches].drawn = Drawn(doubted.units, tuple(parts), doubted.home)
