"""Who an event names: combinations of identifiers and household hints, each told once.

Devices name themselves; some homes' devices also report the home. Voice events carry the platform's
account, orders the brand's user. Only a sign-in names a device and a user together: without it, a
home has to be found through its accounts.
"""

from typing import Any, Final

import numpy as np
import pyarrow as pa

from hearthline.schema.arrow import IDENTITIES, identity_key
from hearthline.schema.event import Hint, Identifier
from hearthline.sim.channels import DEVICES, STAYS_AT_HOME
from hearthline.sim.draws import BLOCK, Whole
from hearthline.sim.happenings import SECOND_DEVICE, Log, What
from hearthline.sim.labels import alexa_user, customer_id, device_id, home_id
from hearthline.sim.town import Homes

__all__ = ["Register"]

_REPORTS_HOME: Final = np.isin(DEVICES, (*STAYS_AT_HOME, "phone"))
_SPEAKER, _PHONE = DEVICES.index("speaker"), DEVICES.index("phone")
_BY_USER: Final = (What.ORDER, What.MACHINE, What.ENROL, What.END, What.REFUND, What.CANCEL, What.SHIPPED)


class Register:
    """The combinations that were met in one block of homes.

    >>> from hearthline.sim.town import homes_of
    >>> len(Register(homes_of(1, 0, 10)))
    0
    """

    def __init__(self, homes: Homes) -> None:
        self._homes = homes
        self._keys: dict[int, int] = {}
        self._rows: dict[int, tuple[list[Any], list[Any]]] = {}

    def __len__(self) -> int:
        """Return how many combinations were met."""
        return len(self._rows)

    def keys(self, log: Log) -> Whole:
        """Return the (m,) identity keys of a log's rows."""
        codes, inverse = np.unique(self._codes(log), return_inverse=True)
        known = np.array([self._key(int(code)) for code in codes], dtype=np.int64)
        out: Whole = known[inverse]
        return out

    def table(self) -> pa.Table:
        """Return every combination met so far, once (schema `IDENTITIES`)."""
        told = self._rows.values()
        return pa.table(
            [list(self._rows), [row[0] for row in told], [row[1] for row in told]], schema=IDENTITIES
        )

    def _codes(self, log: Log) -> Whole:
        """Return one number a combination: what it names, then home, owner, device and member."""
        homes, row = self._homes, log.home - self._homes.first
        by_user = np.isin(log.what, _BY_USER)
        link = log.what == What.LINK
        device = np.where(by_user & (log.what != What.ENROL) & (log.what != What.MACHINE), -1, log.device)
        user = by_user | link
        member = np.where(user | (log.device == _PHONE), log.member, 0)
        voice = (device == _SPEAKER) & ((log.what == What.TOUCH) | link)
        hint = homes.hinted[row] & (device >= 0) & _REPORTS_HOME[device] & ~by_user
        second = log.owner >= SECOND_DEVICE
        owner = np.where(second, log.owner - SECOND_DEVICE, log.owner) - homes.first
        says = user + 2 * voice + 4 * hint + 8 * second
        code = ((says * BLOCK + row) * BLOCK + owner) * 16 + device + 1
        out: Whole = code * 8 + member
        return out

    def _key(self, code: int) -> int:
        if code not in self._keys:
            identifiers, hints = self._named(code)
            key = identity_key(identifiers, hints)
            self._keys[code] = key
            self._rows[key] = ([_plain(i) for i in identifiers], [_plain(h) for h in hints])
        return self._keys[code]

    def _named(self, code: int) -> tuple[list[Identifier], list[Hint]]:
        rest, member = divmod(code, 8)
        rest, device = divmod(rest, 16)
        rest, owner = divmod(rest, BLOCK)
        says, row = divmod(rest, BLOCK)
        home, first = self._homes.first + row, self._homes.first
        named, hints = [], []
        if device:
            whose = first + owner + (SECOND_DEVICE if says & 8 else 0)
            named.append(Identifier(namespace="device", value=device_id(device - 1, whose, member)))
        if says & 1:
            user = customer_id(home, member)
            named.append(Identifier(namespace="customer", value=user, authenticated=True, primary=True))
        if says & 2:
            named.append(Identifier(namespace="alexa.user", value=alexa_user(home)))
        if says & 4:
            hints.append(Hint(kind="home", value=home_id(home)))
        return named, hints


def _plain(struct: Identifier | Hint) -> dict[str, Any]:
    return {f: getattr(struct, f) for f in struct.__struct_fields__}
