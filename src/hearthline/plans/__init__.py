"""Plans: what another budget would bring, and where money does most. Arrays only, nothing is read or written.

`bend_of` learns how fast a channel saturates, `Responses` holds what channels bring at other spends, with
their doubt, `allocated` finds the best split under constraints, `lifetimes` what an enrolment is worth.
"""

from hearthline.plans.allocation import allocated
from hearthline.plans.campaigns import lifetimes
from hearthline.plans.curves import BEND, Responses, bend_of, summed

__all__ = ["BEND", "Responses", "allocated", "bend_of", "lifetimes", "summed"]
