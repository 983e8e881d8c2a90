"""What an identifier of each namespace may join: the guards against merging strangers.

`policies.toml` holds the defaults. Measured on polluted data (`make bench-identity`), letting every id
link puts nearly all persons into wrong clusters; these guards together bring it to none.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from hearthline.schema.errors import BadConfig
from hearthline.schema.settings import NamespacePolicy

__all__ = ["RANK", "Policies", "Policy"]

RANK = {"home": 0, "account": 1, "person": 2, "browser": 3, "address": 4, "device": 5, "network": 6}
"""Which identifier of an event speaks for its household first."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy of one namespace with nothing left open; see `NamespacePolicy` for the fields."""

    names: str
    priority: int
    max_degree: int
    may_merge_persons: bool
    limit: int = 0
    window_days: float = 0.0
    blocked: tuple[str, ...] = ()
    blocked_patterns: tuple[str, ...] = ()


@cache
def _defaults() -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Return what classes and namespaces say in `policies.toml`."""
    told = tomllib.loads((files("hearthline.identity") / "policies.toml").read_text("utf-8"))
    return told["classes"], told["namespaces"]


@dataclass(frozen=True, slots=True)
class Policies:
    """The policy of each namespace: the home's settings over the built-in ones.

    >>> Policies({}).of("dash.device").names, Policies({}).of("hint.address_hmac").names
    ('device', 'address')
    >>> Policies({"customer": NamespacePolicy(max_degree=7)}).of("customer").limit
    1
    """

    own: Mapping[str, NamespacePolicy]
    blocked: Sequence[str] = ()

    def of(self, namespace: str) -> Policy:
        """Return the policy of a namespace; an unknown one is judged by its name, else an account.

        Raises:
            BadConfig: the settings let something merge persons that several people use.
        """
        classes, known = _defaults()
        said = dict(known.get(namespace, {"names": _class_by_name(namespace)}))
        if namespace in self.own:
            chosen = msgspec.structs.asdict(self.own[namespace])
            said |= {k: v for k, v in chosen.items() if v not in (None, [])}
        whole: dict[str, Any] = classes[said["names"]] | said
        whole |= {k: tuple(whole.get(k, ())) for k in ("blocked", "blocked_patterns")}
        policy = Policy(**whole)
        if policy.may_merge_persons and policy.names != "person":
            raise BadConfig(
                f"hearthline.toml: [identity.policies.{namespace}] may_merge_persons; it names a "
                f"{policy.names}, which several people use; leave it out, or say names = 'person'"
            )
        return policy


def _class_by_name(namespace: str) -> str:
    last = namespace.rsplit(".", 1)[-1].removesuffix("_hmac")
    if "device" in last or last in {"serial", "endpoint", "idfa", "gaid", "hub", "thing"}:
        return "device"
    if last in {"location", "home", "household", "unit"}:
        return "home"
    if last in {"ip", "network", "ssid"}:
        return "network"
    if last in {"person", "user", "customer", "email", "phone"}:
        return "person"
    return {"address": "address", "anonymous_id": "browser", "cookie": "browser"}.get(
        last, "home" if namespace.startswith("hint.") else "account"
    )
