"""Experiments on a home: planned, assigned, looked at, and learned from.

`keep_experiments` is a step of a run; `Experiments` is what the API and the command line offer.
"""

from hearthline.pipeline.experiments.asking import Experiments, opened
from hearthline.pipeline.experiments.book import read_book
from hearthline.pipeline.experiments.reading import Read, days_of, money_of, reader
from hearthline.pipeline.experiments.tables import calibrated_now, keep_experiments

__all__ = [
    "Experiments",
    "Read",
    "calibrated_now",
    "days_of",
    "keep_experiments",
    "money_of",
    "opened",
    "read_book",
    "reader",
]
