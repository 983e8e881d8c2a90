"""What signals said of a simulated town beside what is true of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

import hearthline as hl
from hearthline.reports.run_outs import known_from
from hearthline.schema import text

if TYPE_CHECKING:
    from hearthline.sim import Hidden

__all__ = ["Said", "compare_signals"]

_MOST_LIKELY = 20
_FULL = 0.95  # packs from which a sensor says no more than full
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Said:
    """One line: what was looked for, what the signal said of it, what is true; both as they are shown."""

    signal: str
    what: str
    said: str
    true: str


def compare_signals(home: "hl.Home", truth: "Hidden", numbers: Mapping[int, int] | None = None) -> list[Said]:
    """Return what the signals of a home's answer said of a simulated town, beside the truth.

    Args:
        home: a home with the answer about a simulated town.
        truth: what is hidden in the same town.
        numbers: key of a household -> number of its home; found by its devices' names if not given.
    """
    answer = home.answer()
    try:
        whose = numbers or _homes(answer)
        return [
            *_leaving(answer, truth, whose),
            *_ill(answer, truth),
            *_asked(answer, truth),
            *_running_out(answer, truth),
        ]
    finally:
        answer.close()


def _rows(answer: Any, sql: str) -> Rows:
    found: Rows = answer.table(sql).to_pylist()
    return found


def _homes(answer: Any) -> dict[int, int]:
    """Return the number of each household's home: that in the names of most of its devices."""
    sql = r"""SELECT unit, mode(regexp_extract(device, '-(\d{6})', 1)) AS home FROM devices
              WHERE regexp_matches(device, '-\d{6}') AND unit IS NOT NULL GROUP BY unit"""
    return {row["unit"]: int(row["home"]) for row in _rows(answer, sql)}


def _leaving(answer: Any, truth: "Hidden", whose: Mapping[int, int]) -> list[Said]:
    (about,) = _rows(answer, "SELECT last_day FROM run")
    end = about["last_day"] + timedelta(days=1)
    day = {row["home"]: row["day"] for row in truth.departures.to_pylist()}
    judged = [r for r in _rows(answer, "SELECT * FROM churn WHERE chance IS NOT NULL") if r["unit"] in whose]
    if not judged:
        return [Said("churn", "homes that left, to learn from", "too few", str(len(day)))]
    last = [day.get(whose[r["unit"]]) for r in judged]
    gone = np.array([d is not None and d < end for d in last])
    either = np.array([d is not None and d < end + timedelta(days=28) for d in last])
    chance = np.array([r["chance"] for r in judged])
    best = np.argsort(-chance, kind="stable")[:_MOST_LIKELY]
    return [
        Said(
            *("churn", "gone, silent for less than 28 days"),
            f"{_sum(judged, 'gone'):.0f}",
            f"{gone.sum()}",
        ),
        Said(*("churn", "gone or leaving within 28 days"), f"{chance.sum():.0f}", f"{either.sum()}"),
        Said(
            *("churn", f"of the {len(best)} likeliest"),
            f"{chance[best].sum():.0f}",
            f"{either[best].sum()}",
        ),
    ]


def _part(share: Any) -> str:
    return text.MISSING if share is None else f"{share:.0%}"


def _sum(rows: Rows, name: str) -> float:
    return float(sum(row[name] or 0.0 for row in rows))


def _ill(answer: Any, truth: "Hidden") -> list[Said]:
    alarms = _rows(answer, "SELECT device, day, outcome, lead_days FROM service_alerts")
    spells = truth.spells.to_pylist()
    right = sum(any(_within(a, s) for s in spells if s["device"] == a["device"]) for a in alarms)
    long = [s for s in spells if (s["last"] - s["first"]).days >= 4]
    found = sum(any(_within(a, s) for a in alarms if a["device"] == s["device"]) for s in long)
    return [
        Said("service_alerts", "alarms, on ill devices", str(len(alarms)), str(right)),
        Said("service_alerts", "illnesses of five days, with alarm", str(found), str(len(long))),
        Said("service_alerts", "days from alarm to leaving", *_lead(alarms, truth)),
    ]


def _lead(alarms: Rows, truth: "Hidden") -> tuple[str, str]:
    """Return by how many days alarms came before a home left after faults, as said and in truth: medians."""
    said = [a["lead_days"] for a in alarms if a["outcome"] == "silence"]
    day = {r["home"]: r["day"] for r in truth.departures.to_pylist() if r["sign"] == "faults"}
    true = [
        (day[home] - alarm["day"]).days
        for alarm in alarms
        if (home := int(alarm["device"].rsplit("-", 1)[-1])) in day and alarm["day"] < day[home]
    ]
    near = [days for days in true if days <= 28]
    return tuple(f"{np.median(v):.0f}" if v else text.MISSING for v in (said, near))  # type: ignore[return-value]


def _within(alarm: Mapping[str, Any], spell: Mapping[str, Any]) -> bool:
    return bool(spell["first"] <= alarm["day"] <= spell["last"] + timedelta(days=2))


def _asked(answer: Any, truth: "Hidden") -> list[Said]:
    (voice,) = _rows(answer, "SELECT coalesce(sum(unhandled), 0)::BIGINT AS n FROM voice_demand")
    gaps = _rows(answer, "SELECT example, asked, gap FROM content_gaps WHERE intent = 'ProductSupportIntent'")
    asked = truth.asked.to_pylist()
    vain = sum(r["asked"] for r in asked if not r["answered"])
    said = sum(r["asked"] for r in gaps if r["gap"])
    out = [
        Said("voice", "questions not understood", f"{voice['n']:,}", f"{truth.failed:,}"),
        Said("content_gap", "questions that nobody answers", f"{said:,}", f"{vain:,}"),
    ]
    named = {r["name"]: r for r in _rows(answer, "SELECT * FROM share_of_voice WHERE kind = 'brand'")}
    spoken: dict[str, int] = {}
    for row in asked:
        if row["brand"]:
            spoken[row["brand"]] = spoken.get(row["brand"], 0) + row["asked"]
    total = sum(spoken.values())
    if not total or not named:
        return out
    found = sum(int(r["mentions"]) for r in named.values())
    most = max(spoken, key=lambda name: spoken[name])
    share = named[most]["corrected"] if most in named else None
    return [
        *out,
        Said("mentions", "brands named", f"{found}", f"{total}"),
        Said(
            "mentions",
            f"share of {most}",
            "–" if share is None else f"{share:.0%}",
            f"{spoken[most] / total:.0%}",
        ),
    ]


def _running_out(answer: Any, truth: "Hidden") -> list[Said]:
    """Return the lines about run-outs, of supplies with a sensor: what else runs out has no truth here.

    What is expected is the number of the report `run_outs`; in a home that is gone nothing is used up.
    """
    true = dict(zip(*(truth.run_outs[n].to_pylist() for n in ("device", "days")), strict=True))
    sql = "SELECT device, packs, days, low80, high80 FROM run_outs WHERE basis = 'sensor'"
    rows = [r for r in _rows(answer, sql) if r["device"] in true]
    if not rows:
        return []
    soon = sum((true[r["device"]] or 99.0) < 7 for r in rows)
    _, expected = known_from(answer)["sensor"]
    known = [(r, true[r["device"]]) for r in rows if true[r["device"]] is not None and r["days"] is not None]
    holds = np.mean(
        [r["low80"] <= t <= (r["high80"] or 999.0) for r, t in known if 0.03 < r["packs"] < _FULL]
    )
    return [
        Said("run_outs", "run out within 7 days, from sensors", f"{expected:,.0f}", f"{soon:,}"),
        Said("run_outs", "80 % intervals of begun packs hold", "80%", _part(holds)),
    ]
