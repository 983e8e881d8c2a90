"""What every model offers, and the half of it that rules share."""

from typing import Any, ClassVar, Protocol, runtime_checkable

from hearthline.schema.journey import Floats, Journeys

__all__ = ["Baselined", "Model", "Relearning", "Rule"]


class Model(Protocol):
    """What every model offers. `n`, `m` and `channels` are those of the journeys given.

    Journeys come with touches inside the look-back window only; older ones are counted in
    `journeys.expired`.
    """

    @property
    def name(self) -> str:
        """The module's name."""
        ...

    @property
    def title(self) -> str:
        """How people call it."""
        ...

    @property
    def paper(self) -> str:
        """Where it was published; empty for a convention."""
        ...

    @property
    def rule(self) -> bool:
        """True when shares depend on the journey alone, so that no fit is needed."""
        ...

    @property
    def full(self) -> bool:
        """True when every journey with a touch is credited whole; False when a part may stay unattributed."""
        ...

    @property
    def reaches(self) -> bool:
        """True when touches count beyond the next conversion: journeys come as `journeys.split` reaches."""
        ...

    def gather(self, journeys: Journeys, weight: Floats | None = None) -> Any:
        """Return additive statistics of the journeys, each counted `weight` times ((n,), default 1)."""
        ...

    def merge(self, left: Any, right: Any) -> Any:
        """Return the statistics of both parts together."""
        ...

    def solve(self, statistics: Any) -> Any:
        """Return the fitted parameters.

        Raises:
            NothingToAnswer: the model cannot be fitted to such data; the message says why.
        """
        ...

    def solve_beside(self, statistics: Any, other: Any) -> Any:
        """Return the fit to few conversions, which may lean on a fit to others that the touches cause.

        Enrolments are fitted beside orders; `other` is None where there is no such fit.
        """
        ...

    def credit(self, journeys: Journeys, parameters: Any) -> Floats:
        """Return (m,) shares: of the value of its journey, the part that each touch earns.

        Never negative; they sum to 1 for each converted journey with touches when `full`, else to at
        most 1. Touches of journeys that did not convert get 0.
        """
        ...


@runtime_checkable
class Baselined(Protocol):
    """What a model offers that knows how households order by themselves."""

    def baseline(self, parameters: Any) -> tuple[Floats, Floats]:
        """Return (strata,) conversions that came by themselves, and hours watched."""
        ...


@runtime_checkable
class Relearning(Protocol):
    """What a model offers whose fit takes long: replicates near the fit, without learning all anew."""

    def refits(self, journeys: Journeys, weights: Floats, point: Any) -> list[Any]:
        """Return the fits to the same journeys under (n, b) weights, near the unweighted fit."""
        ...


class Rule:
    """The half of `Model` that a rule does not need: there is nothing to fit."""

    paper: ClassVar[str] = ""
    rule: ClassVar[bool] = True
    full: ClassVar[bool] = True
    reaches: ClassVar[bool] = False

    def gather(self, journeys: Journeys, weight: Floats | None = None) -> None:  # noqa: ARG002
        """Return nothing: a rule has no statistics."""
        return

    def merge(self, left: None, right: None) -> None:  # noqa: ARG002
        """Return nothing."""
        return

    def solve(self, statistics: None) -> None:  # noqa: ARG002
        """Return nothing: a rule has no parameters."""
        return

    def solve_beside(self, statistics: None, other: None) -> None:  # noqa: ARG002
        """Return nothing: a rule has no parameters."""
        return
