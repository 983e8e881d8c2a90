"""From when to when whose consent was withdrawn: a word about it holds until the next one.

Consent is a person's. A word counts for the person whom the event names best, for what else was named as
that person, and for the browsers that it came from; where no person is named for the browser, else the
account, else the device. An event that says nothing follows the last word about whom it names best.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearthline.identity.evidence import Bools, Evidence, Ints, best_code, gather
from hearthline.identity.moving import ALWAYS_TO, counting
from hearthline.identity.policies import RANK, Policies

__all__ = ["WITHDRAWN", "Subjects", "subjects"]

WITHDRAWN = pa.schema([("identity", pa.int64()), ("from_us", pa.int64()), ("to_us", pa.int64())])
"""From when (that moment included) to when what an identity says nothing about must not be used."""


@dataclass(frozen=True, slots=True)
class Subjects:
    """Whose words count for whom, as codes of identifiers.

    Attributes:
        identity: (rows,) the identities, ascending.
        subject: (rows,) whom each names best, or -1.
        row: whose word (a row) counts
        code: for whom (an identifier); parallel to `row`.
    """

    identity: Ints
    subject: Ints
    row: Ints
    code: Ints

    def concerned(self, denied: pa.Array) -> pa.Array:
        """Return the identities whose words matter once these have said no."""
        no = np.isin(self.identity, denied.to_numpy())
        touched = np.unique(self.code[no[self.row]])
        speaks = np.zeros(len(self.identity), bool)
        speaks[self.row[np.isin(self.code, touched)]] = True
        return pa.array(self.identity[speaks | np.isin(self.subject, touched)])

    def withdrawn(self, words: pa.Table) -> pa.Table:
        """Return what is withdrawn (schema `WITHDRAWN`).

        Args:
            words: `identity`, `time_us`, `denied`: what was said, granted or denied, by those concerned.
        """
        code, start, end = self._between(words)
        at = np.searchsorted(code, self.subject, "left")
        many = np.searchsorted(code, self.subject, "right") - at
        many[self.subject < 0] = 0
        place = np.repeat(at, many) + counting(many)
        return pa.table([np.repeat(self.identity, many), start[place], end[place]], schema=WITHDRAWN)

    def _between(self, words: pa.Table) -> tuple[Ints, Ints, Ints]:
        """Return for whom, from and to: sorted, from a no to the next yes. A no wins in its moment."""
        said = np.searchsorted(self.identity, words["identity"].to_numpy())
        order = np.argsort(self.row, kind="stable")
        row, code = self.row[order], self.code[order]
        at = np.searchsorted(row, said, "left")
        many = np.searchsorted(row, said, "right") - at
        whom = code[np.repeat(at, many) + counting(many)]
        time = np.repeat(words["time_us"].to_numpy(), many)
        no = np.repeat(pc.cast(words["denied"], pa.int8()).to_numpy(), many).astype(np.int64)
        order = np.lexsort((no, time, whom))
        whom, time, no = whom[order], time[order], no[order]
        moment = np.append((whom[1:] != whom[:-1]) | (time[1:] != time[:-1]), True)[: len(whom)]
        whom, time, no = whom[moment], time[moment], no[moment]
        turns = np.append(True, (whom[1:] != whom[:-1]) | (no[1:] != no[:-1]))[: len(whom)]
        whom, time, no = whom[turns], time[turns], no[turns]
        until = np.append(np.where(whom[1:] == whom[:-1], time[1:], ALWAYS_TO), ALWAYS_TO)[: len(whom)]
        return whom[no > 0], time[no > 0], until[no > 0]


def subjects(identities: pa.Table, policies: Policies) -> Subjects:
    """Return whose words count for whom.

    Args:
        identities: schema `IDENTITIES`; rows may repeat.
        policies: what each namespace names.
    """
    each = pc.unique(identities["identity"])
    none = pa.array(np.zeros(len(each), np.int64))
    seen = pa.table({"identity": each, **dict.fromkeys(("first_us", "last_us", "events"), none)})
    evidence = gather(seen, identities, policies)
    browser = best_code(evidence, ("browser",))
    account = best_code(evidence, ("account",))
    person = evidence.person
    subject = np.where(
        person >= 0, person, np.where(browser >= 0, browser, np.where(account >= 0, account, evidence.device))
    )
    rows = np.arange(len(subject))
    named = subject >= 0
    browsers = (evidence.names[evidence.code] == RANK["browser"]) & (person[evidence.row] >= 0)
    tied_row, tied_code = _tied(evidence, person)
    return Subjects(
        evidence.identity,
        subject,
        np.concatenate([rows[named], evidence.row[browsers], tied_row]),
        np.concatenate([subject[named], evidence.code[browsers], tied_code]),
    )


def _tied(evidence: Evidence, person: Ints) -> tuple[Ints, Ints]:
    """Return (row, code): what else was ever named as the person whom a row names."""
    tied = evidence.persons_together()
    one, other = np.append(tied.left, tied.right), np.append(tied.right, tied.left)
    degree = np.bincount(one, minlength=evidence.count)
    few: Bools = (degree <= evidence.max_degree)[one] & (degree <= evidence.max_degree)[other]
    order = np.argsort(one[few], kind="stable")
    one, other = one[few][order], other[few][order]
    at = np.searchsorted(one, person, "left")
    many = np.where(person >= 0, np.searchsorted(one, person, "right") - at, 0)
    place = np.repeat(at, many) + counting(many)
    return np.repeat(np.arange(len(person)), many), other[place]
