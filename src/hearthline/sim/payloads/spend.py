"""What the brand paid: one line a channel, campaign and day, as an ad platform's export."""

from collections import Counter
from collections.abc import Iterable

from hearthline.sim.channels import CHANNELS
from hearthline.sim.payloads.row import Row, euros, iso

__all__ = ["spend_lines"]


def spend_lines(touches: Iterable[Row]) -> list[str]:
    """Return the lines of the file, its header first; costs follow the touches that were bought."""
    bought = {(row.id, row.channel, row.campaign, iso(row.time)[:10]) for row in touches}
    count = Counter((channel, campaign, day) for _, channel, campaign, day in bought)
    lines = ["channel,campaign,day,cost,currency\n"]
    for (channel, campaign, day), touched in sorted(count.items(), key=lambda item: (item[0][2], item[0])):
        cost = round(touched * CHANNELS[channel].cost_cents)
        if cost:
            lines.append(f"{CHANNELS[channel].name},{campaign},{day},{euros(cost)},EUR\n")
    return lines
