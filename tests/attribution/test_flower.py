"""A fit carried by Flower is the fit on all journeys, and says so when a node is gone.

Where Flower is not installed, a few lines stand for its messages; `test_flower_network.py` runs this file again
in an environment that has it.
"""

import re
import sys
from collections.abc import Iterable
from dataclasses import fields, replace
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, get_args

import numpy as np
import pytest
from scipy import sparse

from hearthline.attribution import (
    Ask,
    HomeSums,
    Privacy,
    Terms,
    fitted_on_sums,
    fitted_privately,
    flower_client,
    flower_sums,
    sums_of,
)
from hearthline.attribution._carried import answered, packed, unpacked
from hearthline.attribution._homes import Rates, Want
from hearthline.attribution.additive_hazard import AdditiveHazard
from hearthline.schema.errors import BadPayload, MissingExtra, NodeAway
from hearthline.schema.journey import Journeys, concatenated, journeys_of

MODEL = AdditiveHazard()
TERMS = Terms(channels=2, kernels=4, strata=1)
RATES = Rates(np.array([1e-4, 3e-4]), np.array([0.1, 0.2, 0.3]))
MIX = sparse.csr_array(np.array([[1.0, 0.0, 0.5], [0.0, 2.0, 0.0]]))


def _same(one: Any, other: Any) -> bool:
    if sparse.issparse(one):
        return one.shape == other.shape and bool((one.toarray() == other.toarray()).all())
    if isinstance(one, Rates):
        return bool((one.mu == other.mu).all() and (one.gamma == other.gamma).all())
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other) and type(one) is type(other)


@pytest.mark.parametrize("want", get_args(Want))
@pytest.mark.parametrize(
    "told",
    [
        {},
        {"rates": RATES, "past": (RATES, RATES), "variance": 0.1 + 0.2},
        {"mix": MIX, "one_stratum": True, "acting": (1.0, 1.0 / 3.0), "most": (2.0, 500.0, 1e-300)},
    ],
)
def test_a_question_comes_back_as_it_was(want: Want, told: dict[str, Any]) -> None:
    ask = Ask(want, **told)
    arrays = packed(ask)
    assert {a.dtype.kind for a in arrays.values()} <= {"f", "i"}
    back = unpacked(arrays)
    assert all(_same(getattr(ask, f.name), getattr(back, f.name)) for f in fields(Ask))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"mu": None}, r"missing \['mu'\]"),
        ({"shell": np.zeros(1)}, r"unknown \['shell'\]"),
        ({"want": np.array([99])}, "want 99"),
        ({"want": np.zeros(0, np.int64)}, "do not fit"),
        ({"gamma": np.array([np.nan])}, "not finite"),
        ({"gamma": np.array(["0.1"])}, "<U3"),
        ({"gamma": np.array([[0.1]])}, "2 dimensions"),
        ({"past_gamma": np.ones((3, 3))}, "do not fit"),
        ({"mix_indices": np.array([0, 2, 7])}, "do not fit"),
        ({"mix_indptr": np.array([0, 3])}, "do not fit"),
    ],
)
def test_arrays_that_are_no_question_are_refused(change: dict[str, Any], told: str) -> None:
    arrays = packed(Ask("slope", rates=RATES, past=(RATES, RATES), mix=MIX)) | change
    with pytest.raises(BadPayload, match=told):
        unpacked({name: array for name, array in arrays.items() if array is not None})


@pytest.mark.parametrize("came", [np.array([1.0, np.inf]), np.array([[1.0]]), np.array([1]), np.array(["a"])])
def test_an_answer_that_is_no_vector_of_numbers_is_refused(came: Any) -> None:
    with pytest.raises(BadPayload, match="no vector of finite numbers"):
        answered(came)
    assert answered(np.array([0.5])).tolist() == [0.5]


# --- Flower's messages, or what stands for them ----------------------------------------------------


class _Message:
    def __init__(
        self, content: Any, dst_node_id: int = 0, kind: str = "", *, reply_to: Any = None, ttl: Any = None
    ):
        failed = isinstance(content, SimpleNamespace)
        self.content, self.error = (None, content) if failed else (content, None)
        before = reply_to.metadata if reply_to else SimpleNamespace(_message_id="")
        self.metadata = SimpleNamespace(
            dst_node_id=dst_node_id, message_type=kind, ttl=ttl, reply_to_message_id=before._message_id
        )

    def has_error(self) -> bool:
        return self.error is not None


class _ClientApp:
    def query(self) -> Any:
        def keep(answer: Any) -> Any:
            self.answer = answer
            return answer

        return keep

    def __call__(self, message: Any, context: Any) -> Any:
        assert message.metadata.message_type == "query"
        return self.answer(message, context)


class _ServerApp:
    def main(self) -> Any:
        return lambda main: main


def _array(numbers: Any) -> Any:
    return SimpleNamespace(numpy=numbers.copy)


@pytest.fixture
def flower(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return Flower's `app`, or what stands for it."""
    if find_spec("flwr") is not None:
        from flwr import app
        from flwr.supercore.task_identity import TaskIdentity

        # which Flower's own processes are told at their start
        TaskIdentity.run_id, TaskIdentity.node_id, TaskIdentity.task_id = 1, 1, 1
        return app
    app, clientapp = ModuleType("flwr.app"), ModuleType("flwr.clientapp")
    app.Message, app.RecordDict, app.ArrayRecord, app.Array = _Message, dict, dict, _array
    app.Error = lambda code, reason: SimpleNamespace(code=code, reason=reason)
    clientapp.ClientApp, serverapp = _ClientApp, ModuleType("flwr.serverapp")
    app.Context, serverapp.Grid, serverapp.ServerApp = SimpleNamespace, Grid, _ServerApp
    for module in (ModuleType("flwr"), app, clientapp, serverapp):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return app


class Grid:
    """Carries messages to nodes in this process; replies come in reverse, one at each pull."""

    def __init__(self, app: Any, nodes: dict[int, Any]) -> None:
        self.app, self.nodes = app, nodes
        self.client = flower_client(lambda context: nodes[context.node_config["node"]])
        self.asked: list[int] = []
        self.silent: set[int] = set()
        self.waiting: list[Any] = []

    def get_node_ids(self) -> Iterable[int]:
        return list(self.nodes)

    def push_messages(self, messages: Iterable[Any]) -> Iterable[str]:
        ids = []
        for message in messages:
            ids.append(f"m{len(self.asked)}")
            message.metadata.__dict__["_message_id"] = ids[-1]
            node = message.metadata.dst_node_id
            self.asked.append(node)
            if node not in self.silent:
                self.waiting.append(self._reply(message, self._context(node)))
        return ids

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Any]:
        found = [self.waiting.pop()] if self.waiting else []
        assert all(reply.metadata.reply_to_message_id in message_ids for reply in found)
        return found

    def _context(self, node: int) -> Any:
        return SimpleNamespace(node_config={"node": node, "homes": self.nodes[node]})

    def _reply(self, message: Any, context: Any) -> Any:
        try:
            return self.client(message, context)
        except Exception as error:  # noqa: BLE001 # as Flower does
            return self.app.Message(self.app.Error(code=3, reason=repr(error)), reply_to=message)


def _homes(number: int, bought: bool = True) -> Journeys:
    journeys = journeys_of([(0,), (0, 1), (1, 1), ()], converted=[bought, number % 2 == 0, True, False])
    return replace(journeys, unit=np.full(journeys.n, number))


def _nodes(homes: int = 9) -> dict[int, list[HomeSums]]:
    known = [HomeSums(MODEL.gather(_homes(k))) for k in range(homes)]
    return {7: known[:2], 2**63 + 11: known[2:3], 5: known[3:]}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hearthline.attribution._flower._FIRST_LOOK_S", 1e-4)
    monkeypatch.setattr("hearthline.attribution._flower._LAST_LOOK_S", 1e-3)


def test_a_fit_through_flower_is_the_fit_on_all_journeys(flower: Any) -> None:
    nodes = _nodes()
    central = MODEL.solve(MODEL.gather(concatenated([_homes(k) for k in range(9)])))
    grid = Grid(flower, nodes)
    found = fitted_on_sums(flower_sums(grid, 3), TERMS)
    assert found.fit.mu == pytest.approx(central.mu, rel=1e-9)
    assert found.fit.gamma == pytest.approx(central.gamma, rel=1e-9, abs=1e-15)
    assert grid.asked == sorted(nodes) * found.rounds
    assert found.rounds > 20


def test_a_private_fit_through_flower_is_the_private_fit(flower: Any) -> None:
    nodes, budget = _nodes(), Privacy(epsilon=8.0, hours=500.0, conversions=2.0, rounds=3, seed=5)
    known = [home for homes in nodes.values() for home in homes]
    here = fitted_privately(sums_of(known), TERMS, budget)
    there = fitted_privately(flower_sums(Grid(flower, nodes), 3), TERMS, budget)
    assert there.mu == pytest.approx(here.mu, rel=1e-9)
    assert there.gamma == pytest.approx(here.gamma, rel=1e-9)


def test_a_node_that_fails_stops_the_fit(flower: Any) -> None:
    nodes = _nodes()
    ask = flower_sums(Grid(flower, nodes), 3)
    ask(Ask("counts"))
    nodes[5].clear()
    with pytest.raises(NodeAway, match=r"a node failed; got .*no homes.*; every question .* the same homes"):
        ask(Ask("counts"))


def test_what_a_node_trips_over_stays_there(flower: Any) -> None:
    nodes: dict[int, Any] = _nodes()
    nodes[5] = map(float, ["anna@example.com"])
    with pytest.raises(NodeAway, match=r"a node failed; got .*ValueError while answering") as told:
        flower_sums(Grid(flower, nodes), 3)(Ask("counts"))
    assert "anna" not in str(told.value)


def test_a_node_that_is_silent_stops_the_fit(flower: Any) -> None:
    grid = Grid(flower, _nodes())
    ask = flower_sums(grid, 3, patience_s=0.05)
    ask(Ask("counts"))
    grid.silent = {5}
    with pytest.raises(NodeAway, match=r"not all nodes answered within 0\.05 s; got 2 of 3 answers"):
        ask(Ask("counts"))


def test_nodes_that_come_later_are_not_asked(flower: Any) -> None:
    nodes = _nodes()
    grid = Grid(flower, nodes)
    ask = flower_sums(grid, 3)
    before = ask(Ask("counts"))
    nodes[1] = nodes[7]
    assert ask(Ask("counts")).tolist() == before.tolist()
    assert grid.asked == sorted(set(nodes) - {1}) * 2


def test_too_few_nodes_are_not_asked(flower: Any) -> None:
    grid = Grid(flower, _nodes())
    with pytest.raises(NodeAway, match=r"4 nodes were to be asked; got 3 within 0\.05 s"):
        flower_sums(grid, 4, patience_s=0.05)(Ask("counts"))
    assert not grid.asked


def test_nodes_that_do_not_agree_on_channels_are_told(flower: Any) -> None:
    other = journeys_of([(0,), (2,)], converted=[True, False])
    nodes = _nodes() | {5: [HomeSums(MODEL.gather(other))]}
    with pytest.raises(BadPayload, match="agree on channels"):
        flower_sums(Grid(flower, nodes), 3)(Ask("counts"))


def test_the_page_on_flower_is_true(flower: Any, capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "federated.md").read_text()
    section = page.split("## With Flower")[1].split("\n## ")[0]
    node, server = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    known: dict[str, Any] = {"journeys_at": lambda homes: [_homes(k) for k in homes]}
    exec(node + server, known)  # noqa: S102
    grid = Grid(flower, {1: range(3), 2: range(3, 5)})
    grid.client = known["node"]
    known["main"](grid, None)
    central = MODEL.solve(MODEL.gather(concatenated([_homes(k) for k in range(5)])))
    printed = float(capsys.readouterr().out.split("]")[0].strip("["))
    assert printed == pytest.approx(central.mu[0], rel=1e-4)  # numpy prints few digits


def test_a_node_that_runs_another_app_is_told(flower: Any) -> None:
    grid = Grid(flower, _nodes())
    grid.client = lambda message, _context: flower.Message(flower.RecordDict({}), reply_to=message)
    with pytest.raises(BadPayload, match="holds no answer; missing 'federated'"):
        flower_sums(grid, 3)(Ask("counts"))


def test_without_flower_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n.split(".")[0] == "flwr"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "flwr", None)
    told = r"federated: needs Flower; pip install 'hearthline\[federated\]'"
    with pytest.raises(MissingExtra, match=told):
        flower_client(lambda _context: [])
    with pytest.raises(MissingExtra, match=told):
        flower_sums(None, 2)
