"""A world in which brands are misheard: phones of a pronouncing dictionary, corrupted, heard as words.

Pronunciations are CMUdict's (as `pocketsphinx` carries it), frequencies those of `wordfreq`; both are read as
files and not imported. A recogniser that has never heard of a brand writes the likeliest ordinary words
whose phones are those that arrived. Nothing here knows a rule or cost of the signal.
"""

import gzip
from dataclasses import dataclass
from functools import cache

import numpy as np
from datasets import file_of

__all__ = ["BRANDS", "Said", "ready", "said"]

BRANDS = [
    "Ajax",
    "Alka Seltzer",
    "Always",
    "Aquafina",
    "Ariel",
    "Bandaid",
    "Barilla",
    "Bounty",
    "Brillo",
    "Campbell",
    "Cascade",
    "Cheerios",
    "Chobani",
    "Clorox",
    "Coca Cola",
    "Colgate",
    "Comet",
    "Crest",
    "Danone",
    "Dasani",
    "Dawn",
    "Dial",
    "Dixie",
    "Doritos",
    "Dove",
    "Downy",
    "Duracell",
    "Energizer",
    "Evian",
    "Febreze",
    "Folgers",
    "Fritos",
    "Frosch",
    "Gain",
    "Gatorade",
    "Gerber",
    "Gillette",
    "Glade",
    "Hefty",
    "Heinz",
    "Hershey",
    "Huggies",
    "Jergens",
    "Keebler",
    "Kellogg",
    "Kimberly",
    "Kleenex",
    "Kodak",
    "Kraft",
    "Lavazza",
    "Lipton",
    "Listerine",
    "Luvs",
    "Lysol",
    "Maytag",
    "Mazola",
    "Minute Maid",
    "Mobil",
    "Nabisco",
    "Nature Valley",
    "Nescafe",
    "Nestle",
    "Neutrogena",
    "Nivea",
    "Olay",
    "Oreo",
    "Palmolive",
    "Pampers",
    "Panasonic",
    "Pepsi",
    "Perrier",
    "Philadelphia",
    "Philips",
    "Pillsbury",
    "Planters",
    "Playtex",
    "Pringles",
    "Procter",
    "Purina",
    "Quaker",
    "Ragu",
    "Revlon",
    "Ritz",
    "Samsung",
    "Scott",
    "Sealy",
    "Seventh",
    "Snickers",
    "Softsoap",
    "Splenda",
    "Sprite",
    "Starbucks",
    "Sunkist",
    "Swiffer",
    "Tampax",
    "Tide",
    "Tropicana",
    "Tums",
    "Tupperware",
    "Tylenol",
    "Vaseline",
    "Velveeta",
    "Visine",
    "Wesson",
    "Whirlpool",
    "Wilson",
    "Windex",
    "Wrigley",
    "Xerox",
    "Yoplait",
    "Ziploc",
]
_ORDINARY = frozenset(
    [
        "always",
        "bounty",
        "cascade",
        "comet",
        "crest",
        "dawn",
        "dial",
        "dove",
        "gain",
        "glade",
        "hefty",
        "planters",
        "quaker",
        "scott",
        "seventh",
        "sprite",
        "tide",
        "minute",
        "maid",
        "nature",
        "valley",
        "philadelphia",
        "wilson",
    ]
)
"""Words of brands that are ordinary words, so that the recogniser knows them."""
_PRODUCTS = [
    "coffee",
    "detergent",
    "soap",
    "shampoo",
    "batteries",
    "diapers",
    "toothpaste",
    "dog food",
    "cat food",
    "paper towels",
    "water",
    "cereal",
    "razor blades",
    "capsules",
    "tissues",
    "cleaner",
    "juice",
    "tea",
    "trash bags",
    "dish tabs",
]
_CARRIERS = [
    "order {x} {p}",
    "buy more {x} {p}",
    "add {x} {p} to my cart",
    "i need {x} {p}",
    "how much is {x} {p}",
    "do you have {x} {p}",
    "where can i get {x} {p}",
    "reorder {x} {p} please",
    "is {x} {p} any good",
    "find me {x} {p}",
]
_NEAR = (
    *("P B M F", "T D N S Z TH", "K G NG", "F V TH P", "S Z SH ZH TH", "CH JH SH ZH", "L R W", "W V", "HH F"),
    *("IY IH EY", "EH AE IH EY", "AA AO AH", "OW UW AO UH", "AH ER UH", "AY AA EY", "AW OW", "OY AO"),
)
_LIKE = {p: {q for g in _NEAR if p in g.split() for q in g.split()} for g in _NEAR for p in g.split()}
_LOST = 12.0  # what it costs to hear a phone and write nothing for it
_PLACES = {"pocketsphinx": "model/en-us/cmudict-en-us.dict", "wordfreq": "data/small_en.msgpack.gz"}


@dataclass(frozen=True)
class Said:
    """Utterances as heard, the brand that was meant (-1: none), and the words that are ordinary here."""

    heard: list[str]
    brand: np.ndarray
    names: list[str]
    stop: frozenset[str]


def ready() -> str:
    """Return what is missing to make this world; empty when nothing is."""
    missing = [p for p, name in _PLACES.items() if file_of(p, name) is None]
    return " ".join(missing)


@cache
def _dictionary() -> dict[str, tuple[str, ...]]:
    place = file_of("pocketsphinx", _PLACES["pocketsphinx"])
    assert place is not None
    out: dict[str, tuple[str, ...]] = {}
    for line in place.read_text("latin-1").splitlines():
        word, *phones = line.split()
        if "(" not in word and word.isalpha():
            out.setdefault(word, tuple(phones))
    return out


@cache
def _common() -> dict[str, int]:
    """Return the rank of the twenty thousand commonest words that can be pronounced."""
    import msgspec

    place = file_of("wordfreq", _PLACES["wordfreq"])
    assert place is not None
    ranked = msgspec.msgpack.decode(gzip.decompress(place.read_bytes()))
    known, words = _dictionary(), []
    for group in ranked[1:]:
        words += [w for w in group if w in known and (len(w) > 2 or w in _SHORT)]
        if len(words) > 20_000:
            break
    return {w: i for i, w in enumerate(words[:20_000])}


_SHORT = frozenset(
    [
        "a",
        "i",
        "an",
        "is",
        "it",
        "in",
        "on",
        "to",
        "do",
        "go",
        "no",
        "so",
        "we",
        "me",
        "my",
        "he",
        "by",
        "at",
        "up",
        "us",
        "or",
        "of",
        "as",
        "if",
        "am",
        "be",
    ]
)


def _phones(name: str) -> tuple[str, ...] | None:
    parts = [_dictionary().get(w) for w in name.lower().split()]
    return None if any(p is None for p in parts) else tuple(x for p in parts if p for x in p)


class _Ear:
    """Hears phones as the likeliest ordinary words, one phone of a word bent where it must be."""

    def __init__(self, unknown: set[str]) -> None:
        self.by_phones: dict[tuple[str, ...], tuple[str, float]] = {}
        self.bent: dict[tuple[str, ...], list[tuple[str, float, str]]] = {}
        for word, rank in _common().items():
            phones = _dictionary()[word]
            cost = 2.0 + 0.45 * np.log1p(rank)
            if word in unknown:
                continue
            if cost < self.by_phones.get(phones, ("", np.inf))[1]:
                self.by_phones[phones] = (word, cost)
            for k, phone in enumerate(phones if len(phones) > 2 else ()):
                self.bent.setdefault((*phones[:k], "*", *phones[k + 1 :]), []).append((word, cost, phone))
        self.longest = max(map(len, self.by_phones))

    def _word(self, phones: tuple[str, ...]) -> tuple[str, float]:
        """Return the likeliest word for these phones, and its cost."""
        best = self.by_phones.get(phones, ("", np.inf))
        for k, phone in enumerate(phones if len(phones) > 2 else ()):
            for word, cost, meant in self.bent.get((*phones[:k], "*", *phones[k + 1 :]), ()):
                bend = 4.0 if phone in _LIKE.get(meant, ()) else 9.0
                if cost + bend < best[1]:
                    best = (word, cost + bend)
        return best

    def words(self, phones: list[str]) -> str:
        n = len(phones)
        best: list[tuple[float, int, str]] = [(0.0, 0, "")] + [(np.inf, 0, "")] * n
        for i in range(n):
            if best[i][0] + _LOST < best[i + 1][0]:
                best[i + 1] = (best[i][0] + _LOST, i, "")
            for j in range(i + 1, min(n, i + self.longest) + 1):
                word, cost = self._word(tuple(phones[i:j]))
                if best[i][0] + cost < best[j][0]:
                    best[j] = (best[i][0] + cost, i, word)
        out, at = [], n
        while at:
            _, back, word = best[at]
            out.append(word)
            at = back
        return " ".join(w for w in reversed(out) if w)


@cache
def _ear() -> _Ear:
    return _Ear({w for b in BRANDS for w in b.lower().split()} - _ORDINARY)


def _corrupted(phones: tuple[str, ...], rate: float, random: np.random.Generator) -> list[str]:
    every = sorted({p for group in _NEAR for p in group.split()} | {"Y"})
    out = []
    for phone in phones:
        luck = random.random()
        if luck >= rate:
            out.append(phone)
        elif luck < rate * 0.6:
            near = [p for g in _NEAR if phone in g.split() for p in g.split() if p != phone]
            out.append(str(random.choice(near if near and random.random() < 0.6 else every)))
        elif luck < rate * 0.8:
            out += [phone, str(random.choice(every))]
    return out


def said(rate: float, seed: int, queries: int) -> Said:
    """Return a world's utterances: half of them name a brand, the others something ordinary."""
    random = np.random.default_rng([seed, 907])
    names = [b for b in BRANDS if _phones(b) is not None]
    ear = _ear()
    stop = frozenset(
        w for t in (*_CARRIERS, *_PRODUCTS) for w in t.replace("{x}", "").replace("{p}", "").split()
    )
    ordinary = [
        w for w in _common() if w not in stop and w not in {x for b in BRANDS for x in b.lower().split()}
    ]
    popular = 1 / np.arange(1, len(names) + 1) ** 0.7
    popular /= popular.sum()
    heard, brand = [], []
    for i in range(queries):
        product, carrier = str(random.choice(_PRODUCTS)), str(random.choice(_CARRIERS))
        if i % 2 == 0:
            meant = int(random.choice(len(names), p=popular))
            phones = _phones(names[meant])
        else:
            meant = -1
            count = int(random.integers(1, 3))
            picked = [ordinary[int(len(ordinary) * random.random() ** 2)] for _ in range(count)]
            phones = _phones(" ".join(picked))
        assert phones is not None
        words = ear.words(_corrupted(phones, rate, random))
        heard.append(carrier.replace("{x}", words).replace("{p}", product))
        brand.append(meant)
    return Said(heard, np.array(brand), names, stop)
