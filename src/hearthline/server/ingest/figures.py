"""What the HTTP door counted since it started."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Figures"]


@dataclass(slots=True)
class Figures:
    """Counts by platform, by reason and by status; `flight_bytes` is what is being read just now."""

    accepted: Counter[str] = field(default_factory=Counter)
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    answers: Counter[int] = field(default_factory=Counter)
    unproven: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    flight_bytes: int = 0

    def took(self, platform: str, accepted: int, reasons: Mapping[str, int]) -> None:
        """Count what is on disk now."""
        if accepted:
            self.accepted[platform] += accepted
        for reason, number in reasons.items():
            self.rejected[platform, reason] += number
