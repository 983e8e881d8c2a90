"""Questions of a federated fit as named arrays, and back: what travels to homes in other processes."""

from collections.abc import Mapping
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hearthline.attribution._homes import Ask, Rates, Want
from hearthline.schema.errors import BadPayload
from hearthline.schema.journey import Floats, Sparse

__all__ = ["Arrays", "answered", "packed", "unpacked"]

Arrays = dict[str, NDArray[Any]]
"""Arrays of numbers (never of objects), by name."""

_WANTS: tuple[Want, ...] = get_args(Want)
_CURE = "use one version of Hearthline everywhere"
_ALWAYS = ("want", "variance", "one_stratum", "acting", "most")
_RATES = ("mu", "gamma")
_PAST = ("past_mu", "past_gamma")
_MIX = ("mix_data", "mix_indices", "mix_indptr", "mix_shape")


def packed(ask: Ask) -> Arrays:
    """Return a question as arrays of float64 and int64; what it leaves open has no array.

    >>> {name: array.tolist() for name, array in packed(Ask("watched", most=(6.0, 72.0, 500.0))).items()}
    {'want': [6], 'variance': [0.0], 'one_stratum': [0], 'acting': [1.0, 1.0], 'most': [6.0, 72.0, 500.0]}
    """
    found: Arrays = {
        "want": np.array([_WANTS.index(ask.want)]),
        "variance": np.array([ask.variance]),
        "one_stratum": np.array([int(ask.one_stratum)]),
        "acting": np.array(ask.acting, np.float64),
        "most": np.array(ask.most, np.float64),
    }
    if ask.rates is not None:
        found |= {"mu": ask.rates.mu, "gamma": ask.rates.gamma}
    if ask.past:
        found |= {
            "past_mu": np.stack([rates.mu for rates in ask.past]),
            "past_gamma": np.stack([rates.gamma for rates in ask.past]),
        }
    if ask.mix is not None:
        mix = sparse.csr_array(ask.mix)
        found |= {
            "mix_data": np.asarray(mix.data, np.float64),
            "mix_indices": mix.indices.astype(np.int64),
            "mix_indptr": mix.indptr.astype(np.int64),
            "mix_shape": np.array(mix.shape),
        }
    return found


def unpacked(arrays: Mapping[str, NDArray[Any]]) -> Ask:
    """Return the question that arrays hold; numbers come back as they were, bit by bit.

    Raises:
        BadPayload: they are no question.

    >>> unpacked(packed(Ask("watched", most=(6.0, 72.0, 500.0)))).most
    (6.0, 72.0, 500.0)
    """
    _whole(set(arrays))
    for name, array in arrays.items():
        deep = 2 if name in _PAST else 1
        if array.dtype not in (np.float64, np.int64) or array.ndim != deep or not np.isfinite(array).all():
            raise _no_question(f"'{name}' of {array.dtype} in {array.ndim} dimensions, or not finite")
    try:
        return _question(arrays)
    except (ValueError, IndexError) as error:
        raise _no_question(f"numbers that do not fit each other ({error})") from error


def _question(arrays: Mapping[str, NDArray[Any]]) -> Ask:
    """Return the question of arrays whose names and kinds are right."""
    (want,), (variance,), (one_stratum,) = (arrays[name] for name in ("want", "variance", "one_stratum"))
    before, after = arrays["acting"]
    if not 0 <= want < len(_WANTS):
        raise ValueError(f"want {want}")
    past = zip(arrays["past_mu"], arrays["past_gamma"], strict=True) if "past_mu" in arrays else ()
    return Ask(
        _WANTS[int(want)],
        rates=Rates(arrays["mu"], arrays["gamma"]) if "mu" in arrays else None,
        past=tuple(Rates(mu, gamma) for mu, gamma in past),
        variance=float(variance),
        mix=_mix(arrays) if "mix_shape" in arrays else None,
        one_stratum=bool(one_stratum),
        acting=(float(before), float(after)),
        most=tuple(map(float, arrays["most"])),
    )


def answered(array: NDArray[Any], size: int | None = None) -> Floats:
    """Return an answer that came from elsewhere, having looked at it.

    Args:
        array: what came.
        size: how many numbers other homes answered; None: not known yet.

    Raises:
        BadPayload: it is no vector of finite floats of that length.

    >>> answered(np.array([1.0, np.nan]))
    Traceback (most recent call last):
    ...
    hearthline.schema.errors.BadPayload: federated: an answer is no vector of finite numbers; got float64 ...
    """
    if array.dtype != np.float64 or array.ndim != 1 or not np.isfinite(array).all():
        wrong = f"an answer is no vector of finite numbers; got {array.dtype} in {array.ndim} dimensions"
        raise BadPayload("federated", wrong, _CURE)
    if size is not None and len(array) != size:
        wrong = f"an answer has {len(array)} numbers where others have {size}"
        raise BadPayload("federated", wrong, "let all homes agree on channels, kernels and strata")
    return np.asarray(array, np.float64)


def _mix(arrays: Mapping[str, NDArray[Any]]) -> Sparse:
    rows, columns = arrays["mix_shape"]
    parts = (arrays["mix_data"], arrays["mix_indices"], arrays["mix_indptr"])
    mix = sparse.csr_array(parts, shape=(int(rows), int(columns)))
    mix.check_format(full_check=True)
    return mix


def _whole(names: set[str]) -> None:
    """Refuse arrays of which some are missing or unknown."""
    groups = [set(group) for group in (_RATES, _PAST, _MIX) if names & set(group)]
    expected = set(_ALWAYS).union(*groups)
    if names != expected:
        missing, unknown = sorted(expected - names), sorted(names - expected)
        raise _no_question(f"missing {missing}, unknown {unknown}")


def _no_question(got: str) -> BadPayload:
    return BadPayload("federated", f"these arrays are no question; got {got}", _CURE)
