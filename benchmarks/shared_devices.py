"""Who was it: accuracy, log-loss and calibration on shared devices, beside naive rules and a ceiling."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hearthline.identity import actors
from hearthline.identity.actors import Sessions
from hearthline.sim.who import Scene, shared_sessions
from published import markdown

__all__ = ["REPORTING", "Score", "report", "scored", "sessions_of"]

Floats = NDArray[np.float64]
REPORTING = (101, 102, 103)
"""Seeds of the printed figures. Defaults and methods were chosen on seeds 1 to 20."""
_GOALS = {"strong": (0.82, 0.50, 0.02, 0.10), "weak": (0.70, 0.78, 0.04, 0.13)}
_EVIDENCE = {"strong": 1.2, "weak": 0.4}
"""How much people differ in what they ask for: chosen so that the ceiling is where the goals were set."""
_DAYS, _TRAINED = 60, 40


@dataclass(frozen=True)
class Score:
    """How good probabilities are.

    Attributes:
        accuracy: part of sessions whose likeliest actor acted.
        log_loss: mean of -log of the probability of who acted.
        calibration: mean distance of what was said from what happened, over ten bins of all probabilities
            of the likeliest actor (expected calibration error).
        credit: total variation between expected and true share of sessions, mean over households.
        credit_top: the same where the likeliest actor gets all.
        covered: how often the 90 % interval of a person's sessions in a home holds their true number.
    """

    accuracy: float
    log_loss: float
    calibration: float
    credit: float
    credit_top: float
    covered: float


def sessions_of(scene: Scene) -> Sessions:
    """Return what the estimator gets of a scene: what a platform would see."""
    seen = scene.seen
    day = seen.time_s // 86_400
    return Sessions(
        home=seen.home,
        hour=seen.time_s % 86_400 // 3600 + 24 * (day % 7 >= 5),
        device=seen.home * 8 + seen.device,
        category=seen.category,
        presence=seen.presence,
        voice=seen.voice,
        naming=seen.by_profile.astype(np.int64),
        label=np.full(len(seen.home), -1),
        time_s=seen.time_s,
        known=seen.known,
        enrolled=seen.enrolled,
    )


def scored(chance: Floats, scene: Scene, part: NDArray[np.bool_]) -> Score:
    """Return how good (n, m + 1) probabilities are on a part of a scene's sessions."""
    chance, actor, home = chance[part], scene.actor[part], scene.seen.home[part]
    given = chance[np.arange(len(actor)), actor]
    top, likeliest = chance.max(axis=1), chance.argmax(axis=1)
    right = (likeliest == actor).astype(np.float64)
    bin_of = np.minimum((top * 10).astype(np.int64), 9)
    off = np.bincount(bin_of, weights=top - right, minlength=10)
    hard = np.zeros_like(chance)
    hard[np.arange(len(actor)), likeliest] = 1.0
    return Score(
        accuracy=float(right.mean()),
        log_loss=float(-np.log(given.clip(1e-4)).mean()),
        calibration=float(np.abs(off).sum() / len(actor)),
        credit=_credit_error(chance, actor, home),
        credit_top=_credit_error(hard, actor, home),
        covered=_covered(chance, actor, home),
    )


_HALF = 4.11  # as in person_credit.sql: two and a half times as wide as for independent sessions


def _covered(chance: Floats, actor: NDArray[np.int64], home: NDArray[np.int64]) -> float:
    acted = np.zeros_like(chance)
    acted[np.arange(len(actor)), actor] = 1.0

    def summed(table: Floats) -> Floats:
        return np.stack([np.bincount(home, weights=column) for column in table.T], axis=1)

    expected, spread = summed(chance), np.sqrt(summed(chance * (1 - chance)))
    asked = (expected > 0.5) | (summed(acted) > 0)
    return float((np.abs(summed(acted) - expected) <= _HALF * spread)[asked].mean())


def _credit_error(chance: Floats, actor: NDArray[np.int64], home: NDArray[np.int64]) -> float:
    homes = int(home.max()) + 1
    gap = chance.copy()
    gap[np.arange(len(actor)), actor] -= 1.0
    summed = np.stack([np.bincount(home, weights=column, minlength=homes) for column in gap.T], axis=1)
    many = np.bincount(home, minlength=homes)
    return float((0.5 * np.abs(summed).sum(axis=1)[many > 0] / many[many > 0]).mean())


def _ours(scene: Scene) -> Floats:
    found = sessions_of(scene)
    return actors.assign(found, actors.fit(found))


def _holder(scene: Scene) -> Floats:
    return _sure(scene.seen.holder[scene.seen.home])


def _last_phone(scene: Scene) -> Floats:
    here = scene.seen.presence == actors.HERE
    return _sure(np.where(here.any(axis=1), here.argmax(axis=1), scene.seen.holder[scene.seen.home]))


def _uniform(scene: Scene) -> Floats:
    known = np.append(scene.seen.known, np.ones((len(scene.seen.known), 1), bool), axis=1)
    chance = known / known.sum(axis=1, keepdims=True)
    spread: Floats = chance[scene.seen.home]
    return spread


def _sure(who: NDArray[np.int64]) -> Floats:
    """Return a rule's answer as probabilities: 97 % for whom it names, the rest spread."""
    chance = np.full((len(who), 6), 0.03 / 5)
    chance[np.arange(len(who)), who] = 0.97
    return chance


_METHODS: dict[str, Callable[[Scene], Floats]] = {
    "account holder": _holder,
    "last phone seen, else the holder": _last_phone,
    "all members alike": _uniform,
    "Hearthline": _ours,
    "ceiling (true parameters, true presence)": lambda scene: scene.best,
}


def report(*, small: bool) -> str:
    """Return the table of who-was-it: strong and weak evidence, usual homes and homes of another form."""
    homes, seeds = (20, REPORTING[:1]) if small else (200, REPORTING)
    parts = []
    for strength, contrast in _EVIDENCE.items():
        for form in ("usual", "unseen"):
            by_method = _medians(homes, seeds, contrast, form)
            rows = [_row(name, score) for name, score in by_method.items()]
            goal = _GOALS[strength]
            if form == "unseen":
                goal = (goal[0] * 0.9, goal[1] * 1.1, goal[2] * 1.1, goal[3] * 1.1)
            rows.append([_goal_name(form), *(f"{g:.3f}" for g in goal), "", "0.900"])
            where = "homes as built for" if form == "usual" else "homes of another form"
            heads = [
                f"{strength} evidence, {where}",
                *("accuracy", "log-loss", "calibration error", "credit error"),
                "credit error, likeliest takes all",
                "intervals that hold",
            ]
            parts.append(markdown(heads, rows))
    said = (
        f"{homes} homes of several people, {_DAYS} days, judged on the last {_DAYS - _TRAINED}; "
        f"median of {'seed' if len(seeds) == 1 else 'seeds'} {', '.join(map(str, seeds))}, without labels."
    )
    return "\n\n".join([said, *parts])


def _goal_name(form: str) -> str:
    return "goal" if form == "usual" else "goal (within 10 %)"


def _medians(homes: int, seeds: tuple[int, ...], contrast: float, form: str) -> dict[str, Score]:
    found: dict[str, list[Score]] = {name: [] for name in _METHODS}
    for seed in seeds:
        scene = shared_sessions(homes, _DAYS, seed, contrast, "usual" if form == "usual" else "unseen")
        late = scene.seen.time_s >= _TRAINED * 86_400
        for name, method in _METHODS.items():
            found[name].append(scored(method(scene), scene, late))
    names = Score.__dataclass_fields__
    return {
        method: Score(**{n: float(np.median([getattr(s, n) for s in scores])) for n in names})
        for method, scores in found.items()
    }


def _row(name: str, score: Score) -> list[str]:
    return [
        name,
        *(f"{getattr(score, n):.3f}" for n in ("accuracy", "log_loss", "calibration", "credit")),
        f"{score.credit_top:.3f}",
        f"{score.covered:.3f}",
    ]
