"""One shape for every error that the read door answers with."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.exceptions import HTTPException

from hearthline.schema.errors import (
    BadConfig,
    HearthlineError,
    HomeBusy,
    HomeDamaged,
    HomeMissing,
    UnknownName,
    Unproven,
)

__all__ = ["Refusal", "refusal_of"]


@dataclass(slots=True)
class Refusal(Exception):
    """An answer that says no: `status` of HTTP, a short `code`, what is `wrong`, and the `cure`.

    `id` names this one occurrence, so that a person can point at it; `headers` are sent along.
    """

    status: int
    code: str
    wrong: str
    cure: str = ""
    id: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, dict[str, object]]:
        """Return it as the one shape of errors.

        >>> Refusal(404, "unknown-name", "no such report", "see /api/reports", "x1").body()["error"]["code"]
        'unknown-name'
        """
        told = {"status": self.status, "code": self.code, "message": self.wrong, "cure": self.cure}
        return {"error": {**told, "id": self.id or secrets.token_hex(4)}}


_STATUS: tuple[tuple[type[HearthlineError], int, str], ...] = (
    (UnknownName, 404, "unknown-name"),
    (HomeDamaged, 503, "answer-damaged"),
    (HomeMissing, 503, "no-answer"),
    (HomeBusy, 409, "home-busy"),
    (Unproven, 401, "unproven"),
    (BadConfig, 400, "bad-request"),
)


def refusal_of(error: Exception) -> Refusal:
    """Return an error as a refusal; of a defect only its kind is told, never its message.

    >>> refusal_of(UnknownName("reports: no report named 'x'; choose one of a, b")).cure
    'choose one of a, b'
    """
    if isinstance(error, Refusal):
        return error
    if isinstance(error, HTTPException):
        cure = "see /api/openapi.json for the addresses and their methods"
        code = "wrong-method" if error.status_code == 405 else "bad-request"
        return Refusal(error.status_code, code, error.detail.lower(), cure, headers=error.headers or {})
    if isinstance(error, HearthlineError):
        wrong, _, cure = str(error).rpartition("; ")
        found = next(((s, c) for kind, s, c in _STATUS if isinstance(error, kind)), (422, "unusable"))
        return Refusal(*found, wrong or cure, cure if wrong else "")
    cure = "this is a defect of Hearthline; the server's log says where"
    return Refusal(500, "defect", f"{type(error).__name__} while answering", cure, secrets.token_hex(4))
