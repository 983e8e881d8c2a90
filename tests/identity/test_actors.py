"""Who was it: probabilities that sum to 1, learn without labels, and are worth what they say."""

from dataclasses import replace

import numpy as np
import pytest

from hearthline.identity import actors
from hearthline.identity.actors import Sessions, assign, fit
from hearthline.sim.who import Scene, shared_sessions


def sessions_of(scene: Scene) -> Sessions:
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


@pytest.fixture(scope="module")
def scene() -> Scene:
    return shared_sessions(24, 40, seed=3, contrast=1.2)


@pytest.fixture(scope="module")
def told(scene: Scene) -> np.ndarray:
    found = sessions_of(scene)
    return assign(found, fit(found))


def log_loss(chance: np.ndarray, actor: np.ndarray) -> float:
    return float(-np.log(chance[np.arange(len(actor)), actor].clip(1e-9)).mean())


def test_probabilities_sum_to_one_and_somebody_else_is_never_ruled_out(told: np.ndarray) -> None:
    assert np.allclose(told.sum(axis=1), 1)
    assert (told >= 0).all()
    assert (told[:, -1] > 0).all()


def test_a_seat_that_nobody_takes_gets_nothing(scene: Scene, told: np.ndarray) -> None:
    empty = ~scene.seen.known[scene.seen.home]
    assert told[:, :-1][empty].max() < 1e-9


def test_it_beats_the_account_holder_and_the_last_phone(scene: Scene, told: np.ndarray) -> None:
    right = (told.argmax(axis=1) == scene.actor).mean()
    holder = (scene.seen.holder[scene.seen.home] == scene.actor).mean()
    here = scene.seen.presence == actors.HERE
    phone = np.where(here.any(axis=1), here.argmax(axis=1), scene.seen.holder[scene.seen.home])
    assert right > holder + 0.3
    assert right > (phone == scene.actor).mean() + 0.2
    assert right < (scene.best.argmax(axis=1) == scene.actor).mean() + 0.01


def test_what_it_says_is_what_happens(scene: Scene, told: np.ndarray) -> None:
    for low, high in ((0.0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.01)):
        some = (told >= low) & (told < high)
        row, place = np.nonzero(some)
        happened = (scene.actor[row] == place).mean()
        assert abs(told[some].mean() - happened) < 0.06, (low, high)


def test_labels_make_it_better(scene: Scene, told: np.ndarray) -> None:
    found = sessions_of(scene)
    known = np.random.default_rng(2).random(found.n) < 0.3
    labelled = replace(found, label=np.where(known, scene.actor, -1))
    better = assign(labelled, fit(labelled))
    assert (better[known].argmax(axis=1) == scene.actor[known]).all()
    assert log_loss(better[~known], scene.actor[~known]) < log_loss(told[~known], scene.actor[~known])


def test_those_whose_voice_is_not_known_are_not_forgotten(scene: Scene, told: np.ndarray) -> None:
    enrolled = np.append(scene.seen.enrolled, np.zeros((24, 1), bool), axis=1)[scene.seen.home]
    silent = ~enrolled[np.arange(len(scene.actor)), scene.actor]
    given = told[np.arange(len(told)), scene.actor]
    assert given[silent].mean() > 0.55
    assert abs(np.where(enrolled, told, 0).sum(axis=1).mean() - (~silent).mean()) < 0.05


def test_the_order_of_members_and_names_of_devices_mean_nothing(scene: Scene, told: np.ndarray) -> None:
    found = sessions_of(scene)
    turned = replace(
        found,
        device=found.device * 31 + 7,
        presence=found.presence[:, ::-1],
        voice=np.where(found.voice >= 0, 4 - found.voice, -1),
        known=found.known[:, ::-1],
        enrolled=found.enrolled[:, ::-1],
    )
    again = assign(turned, fit(turned))
    assert np.allclose(again[:, :5][:, ::-1], told[:, :5], atol=1e-6)


def test_households_are_judged_one_by_one(scene: Scene) -> None:
    found = sessions_of(scene)
    habits = fit(found)
    whole = assign(found, habits)
    part = found.of_homes(5, 9)
    at = (found.home >= 5) & (found.home < 9)
    assert np.allclose(assign(part, habits), whole[at], atol=0.02)


def test_nothing_seen_gives_nothing() -> None:
    none = sessions_of(shared_sessions(1, 1, seed=1)).of_homes(0, 0)
    assert assign(none, fit(none)).shape == (0, 6)
