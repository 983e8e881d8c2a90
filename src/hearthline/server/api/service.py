"""What both the API and the dashboard answer from: one home, its shelves, its rules and its logs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request

from hearthline.server.api.access import Access, Allowed, Visitor
from hearthline.server.api.audit import Audit
from hearthline.server.api.masks import Masks
from hearthline.server.api.shelf import Shelf, Shelves
from hearthline.server.api.tail import Tail
from hearthline.store.home import HomeFolder

__all__ = ["Service", "service_of", "visitor_of"]


@dataclass(frozen=True, slots=True)
class Service:
    """The read side of one home."""

    home: Path
    shelves: Shelves
    tail: Tail
    access: Access
    audit: Audit

    @classmethod
    def of(cls, home: Path, allowed: Allowed | None, scopes: frozenset[str]) -> "Service":
        """Return the read side of that folder, which may hold no answer, or not even a home, yet."""
        folder = HomeFolder(home)
        key = folder.key if (home / "secret.key").exists() else b"no home yet"
        return cls(home, Shelves(home), Tail(folder), Access(key, allowed, scopes), Audit(home))

    @property
    def shelf(self) -> Shelf:
        """The current answer's shelf."""
        return self.shelves.current()

    def masks(self, visitor: Visitor) -> Masks:
        """Return how the visitor sees identifiers."""
        return Masks(self.shelves.folder.key, whole="identifiers" in visitor.scopes)

    def looked(self, visitor: Visitor, what: str, which: Any) -> None:
        """Write into the audit log that the visitor opened something of a household."""
        shown = "identifiers" if "identifiers" in visitor.scopes else "masked"
        self.audit.seen(visitor.name, what, str(which), shown)


def service_of(request: Request) -> Service:
    """Return the service that answers the request."""
    service: Service = request.scope["app"]
    return service


def visitor_of(request: Request) -> Visitor:
    """Return who asks, as the door found out."""
    visitor: Visitor = request.state.visitor
    return visitor
