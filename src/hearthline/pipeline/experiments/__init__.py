"""Experiments on a home: planned, assigned, looked at, and learned from.

`keep_experiments` is a step of a run; `Experiments` is what the API and the command line offer.
"""

from hearthline.pipeline.experiments.asking import Experiments
from hearthline.pipeline.experiments.book import read_book
from hearthline.pipeline.experiments.reading import reader
from hearthline.pipeline.experiments.tables import keep_experiments

__all__ = ["Experiments", "keep_experiments", "read_book", "reader"]
