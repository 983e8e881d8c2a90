"""How English and English-like names sound: letters to a small alphabet of sounds, and how far apart two are.

Sounds are letters of `SOUNDS`; the rules are those that a reader of English learns at school, in the spirit
of Elovitz et al. (1976, "Automatic translation of English text to phonetics"), cut down to what separates
names. Costs follow how a sound is made: what differs in voice or in one place is near (Kondrak 2003,
"Phonetic alignment and similarity").
"""

import re
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["LETTERS", "SOUNDS", "coded", "costs", "sounds", "spelled"]

SOUNDS: Final = "pbtdkgfvTszSCJmnNlrwyhaeiou@AWO"
"""T as in thin, S shoe, C chin, J jam, N sing; vowels a e i o u, @ a murmur, A eye, W how, O boy."""
VOWELS: Final = frozenset("aeiou@AWO")
LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
_RULES: Final = (
    *(("tion", "S@n"), ("sion", "S@n"), ("ture", "C@"), ("ough", "o"), ("augh", "o"), ("eigh", "e")),
    *(
        ("igh", "A"),
        ("tch", "C"),
        ("dge", "J"),
        ("sch$", "S"),
        ("sch", "sk"),
        ("iz(?=e)", "Az"),
        ("eau", "o"),
        ("ieu", "u"),
        ("que$", "k"),
    ),
    *(("gue$", "g"), ("le$", "@l"), ("re$", "@"), ("es$", "iz"), ("^kn", "n"), ("^wr", "r"), ("^ps", "s")),
    *(("^x", "z"), ("mb$", "m"), ("ch", "C"), ("sh", "S"), ("th", "T"), ("ph", "f"), ("wh", "w")),
    *(("gh", "g"), ("ck", "k"), ("qu", "kw"), ("sc(?=[eiy])", "s"), ("ng$", "N"), ("ng(?=[^aeiouy])", "N")),
    *(("ee", "i"), ("ea", "i"), ("ie", "i"), ("ei", "e"), ("ey$", "i"), ("ey", "e"), ("ai", "e")),
    *(("ay", "e"), ("oa", "o"), ("oo", "u"), ("ou", "W"), ("ow$", "o"), ("ow", "W"), ("oi", "O")),
    *(("oy", "O"), ("au", "o"), ("aw", "o"), ("eu", "u"), ("ew", "u"), ("ue", "u"), ("ui", "u")),
    *(("ia", "i@"), ("io", "io"), ("er", "@r"), ("ir", "@r"), ("ur", "@r"), ("ar", "ar"), ("or", "or")),
    *(("a(?=[^aeiouywrx]e$)", "e"), ("i(?=[^aeiouywrx]e$)", "A"), ("o(?=[^aeiouywrx]e$)", "o")),
    *(("u(?=[^aeiouywrx]e$)", "u"), ("y(?=[^aeiouywrx]e$)", "A"), ("(?<=[^aeiou])e$", "")),
    *(("c(?=[eiy])", "s"), ("g(?=[ei])", "J"), ("x", "ks"), ("c", "k"), ("q", "k"), ("j", "J")),
    *(("^y", "y"), ("y$", "i"), ("y", "i"), ("a$", "@"), ("s$", "z")),
)
_COMPILED: Final = tuple((re.compile(p), out) for p, out in _RULES)
_NEAR: Final = {
    0.3: ("pb", "td", "kg", "fv", "sz", "CJ", "nN"),
    0.4: ("sS", "zS", "fT", "mn", "SC", "SJ", "zJ"),
    0.5: (
        "Ts",
        "Td",
        "Tt",
        "Tv",
        "lr",
        "wv",
        "mN",
        "bv",
        "pf",
        "tC",
        "dJ",
        "dn",
        "bm",
        "gN",
        "tk",
        "pt",
        "pk",
    ),
    0.6: ("wl", "yi", "wu", "bd", "dg", "bg", "hf", "hk", "sT", "rw", "yJ"),
    0.2: ("ae", "ei", "ao", "ou", "ie", "Ae", "Aa", "Wa", "Wo", "Oo", "iA"),
}


@lru_cache(maxsize=65_536)
def sounds(words: str) -> str:
    """Return the sounds of one or more words, said without a pause.

    >>> sounds("phone"), sounds("knight"), sounds("pure in a")
    ('fon', 'nAt', 'p@rin@')
    """
    said = "".join(_word(w) for w in re.findall(r"[a-z0-9]+", words.lower().replace("'", "")))
    return re.sub(r"(.)\1+", r"\1", said)


def _word(word: str) -> str:
    out, at = [], 0
    word = re.sub(r"([^aeiou0-9])\1", r"\1", word.replace("gg", "gh").replace("cc", "ck"))
    while at < len(word):
        for pattern, said in _COMPILED:
            match = pattern.match(word, at)
            if match and (pattern.pattern[0] != "^" or at == 0):
                out.append(said)
                at = match.end()
                break
        else:
            out.append(word[at] if word[at] in SOUNDS else "")
            at += 1
    return "".join(out)


def spelled(words: str) -> str:
    """Return the letters and digits alone.

    >>> spelled("Dr. Oetker")
    'droetker'
    """
    return re.sub(r"[^a-z0-9]", "", words.lower())


def coded(texts: list[str], alphabet: str) -> NDArray[np.int8]:
    """Return (n, longest) places of the characters in the alphabet, -1 behind the end."""
    longest = max((len(t) for t in texts), default=0)
    out = np.full((len(texts), max(longest, 1)), -1, dtype=np.int8)
    place = {c: i for i, c in enumerate(alphabet)}
    for row, text in enumerate(texts):
        out[row, : len(text)] = [place[c] for c in text]
    return out


def costs() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the cost of hearing one sound for another (k, k), and of losing or adding one (k,)."""
    k = len(SOUNDS)
    swap = np.ones((k, k), dtype=np.float32)
    vowel = np.array([c in VOWELS for c in SOUNDS])
    swap[np.ix_(vowel, vowel)] = 0.35
    murmur = SOUNDS.index("@")
    swap[murmur, vowel] = swap[vowel, murmur] = 0.15
    for cost, pairs in _NEAR.items():
        for pair in pairs:
            i, j = SOUNDS.index(pair[0]), SOUNDS.index(pair[1])
            swap[i, j] = swap[j, i] = cost
    np.fill_diagonal(swap, 0)
    lose = np.where(vowel, 0.45, 0.8).astype(np.float32)
    lose[[SOUNDS.index(c) for c in "@hyr"]] = 0.3
    return swap, lose
