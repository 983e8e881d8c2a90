"""A federated fit carried by Flower: what runs at its nodes, and what asks them.

Flower (flwr, Apache-2.0) is an extra, imported when it is asked for. What travels is an `ArrayRecord` of
named numpy arrays each way, written as Flower does, without pickle. Its server sees each node's answer.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from hearthline.attribution._carried import answered, packed, unpacked
from hearthline.attribution._federated import Sums, sums_of
from hearthline.attribution._homes import Ask, HomeSums
from hearthline.schema.errors import BadPayload, HearthlineError, MissingExtra, NodeAway
from hearthline.schema.journey import Floats

if TYPE_CHECKING:
    from flwr.app import Context, Message
    from flwr.clientapp import ClientApp
    from flwr.serverapp import Grid

__all__ = ["flower_client", "flower_sums"]

_KIND, _RECORD, _ANSWER = "query", "federated", "answer"
_PATIENCE_S = 3600.0
_FIRST_LOOK_S, _LAST_LOOK_S = 0.05, 2.0


def flower_client(homes_of: "Callable[[Context], Iterable[HomeSums]]") -> "ClientApp":
    """Return the ClientApp that answers a fit's questions with the sums of the node's homes.

    Args:
        homes_of: the homes of a node, from Flower's Context. It is called for each question, usually in a
            fresh process, and every question of a fit must find the same homes with the same journeys.

    Raises:
        MissingExtra: Flower is not installed.
    """
    app = _flower("clientapp").ClientApp()

    @app.query()  # type: ignore[untyped-decorator]
    def answer(message: "Message", context: "Context") -> "Message":
        """Return the node's answer; what an error in here says travels to the server."""
        try:
            told = _told(message, homes_of(context))
        except HearthlineError:
            raise
        except Exception as error:  # what it says may name a home, and stays in the node's own log
            wrong = f"federated: {type(error).__name__} while answering"
            raise NodeAway(f"{wrong}; got no sums; see the node's own log") from error
        return _flower("app").Message(_record({_ANSWER: told}), reply_to=message)

    return app


def flower_sums(grid: "Grid", nodes: int, patience_s: float = _PATIENCE_S) -> Sums:
    """Return what asks all nodes through Flower's grid, for `fitted_on_sums` and `fitted_privately`.

    The first question waits for the nodes and remembers which they are; all others go to the same ones, for
    every question of a fit must reach the same homes. Nodes that come later are not asked.

    Args:
        grid: as Flower gives it to the ServerApp's main function.
        nodes: how many nodes have to be there before the first question.
        patience_s: how long one question may take, and how long nodes are waited for; seconds.

    Raises:
        MissingExtra: Flower is not installed.

    What it returns raises `NodeAway` where a node fails, is gone or does not answer in time, and `BadPayload`
    where an answer is no vector of finite numbers, or has not the length of the others.
    """
    _flower("app")
    asked: list[int] = []

    def sums(ask: Ask) -> Floats:
        if not asked:
            asked.extend(_present(grid, nodes, patience_s))
        return _summed(_answers(grid, asked, packed(ask), patience_s))

    return sums


def _told(message: "Message", homes: Iterable[HomeSums]) -> Floats:
    """Return the sum of what homes answer to a message."""
    ask, known = (
        unpacked({name: array.numpy() for name, array in message.content[_RECORD].items()}),
        list(homes),
    )
    if not known:
        raise BadPayload("federated", "this node has no homes", "give it some, or stop its SuperNode")
    return sums_of(known)(ask)


def _present(grid: "Grid", nodes: int, patience_s: float) -> list[int]:
    """Return the ids of the nodes that are there, as soon as they are as many as wanted."""
    for _ in _looks(patience_s):
        found = sorted(grid.get_node_ids())
        if len(found) >= nodes:
            return found
    raise NodeAway(
        f"federated: {nodes} nodes were to be asked; got {len(found)} within {patience_s:g} s; "
        "start their SuperNodes, or ask for fewer"
    )


def _answers(grid: "Grid", asked: Sequence[int], arrays: dict[str, Any], patience_s: float) -> list[Floats]:
    """Return each node's answer, in the order of the nodes: sums must not depend on who was quicker."""
    app = _flower("app")
    sent = [app.Message(_record(arrays), node, _KIND, ttl=float(patience_s)) for node in asked]
    ids = list(grid.push_messages(sent))
    if len(ids) != len(asked) or None in ids:
        raise _away("a question could not be sent to every node", f"{len(asked)} nodes")
    replies: dict[str, Message] = {}
    for _ in _looks(patience_s):
        open_ids = [i for i in ids if i not in replies]
        for reply in grid.pull_messages(open_ids):
            if reply.has_error():
                told = f"{reply.error.reason or 'no reason'} (code {reply.error.code})"
                raise _away("a node failed", told)
            replies[reply.metadata.reply_to_message_id] = reply
        if len(replies) == len(ids):
            return [_answer(replies[i]) for i in ids]
    raise _away(f"not all nodes answered within {patience_s:g} s", f"{len(replies)} of {len(ids)} answers")


def _answer(reply: "Message") -> Floats:
    try:
        came = reply.content[_RECORD][_ANSWER]
    except KeyError as missing:
        wrong = f"a node's reply holds no answer; missing {missing}"
        raise BadPayload("federated", wrong, "run flower_client at every node") from missing
    return answered(came.numpy())


def _summed(answers: Sequence[Floats]) -> Floats:
    """Return the sum of answers that are equally long."""
    same = [answered(answer, len(answers[0])) for answer in answers]
    return np.asarray(np.sum(same, axis=0), dtype=np.float64)


def _looks(patience_s: float) -> Iterable[None]:
    """Yield now, and again after pauses that grow, until patience ends."""
    end, pause = time.monotonic() + patience_s, _FIRST_LOOK_S
    yield
    while (left := end - time.monotonic()) > 0.0:
        time.sleep(min(pause, left))
        pause = min(2.0 * pause, _LAST_LOOK_S)
        yield


def _record(arrays: dict[str, Any]) -> Any:
    app = _flower("app")
    return app.RecordDict({_RECORD: app.ArrayRecord({name: app.Array(a) for name, a in arrays.items()})})


def _away(wrong: str, got: str) -> NodeAway:
    cure = "every question of a fit must reach the same homes: mend the node and fit anew"
    return NodeAway(f"federated: {wrong}; got {got}; {cure}")


def _flower(part: str) -> Any:
    """Return a module of Flower."""
    try:
        return import_module(f"flwr.{part}")
    except ImportError as missing:
        raise MissingExtra("federated: needs Flower; pip install 'hearthline[federated]'") from missing
