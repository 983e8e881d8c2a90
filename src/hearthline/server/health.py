"""Whether the server is well, for whoever keeps it running: `/healthz`, `/readyz`, `/metrics`.

Alive means that it answers; ready, that what comes now would be kept and soon be seen. Figures carry the
names of platforms and reasons, never an account's, a key's or a person's.
"""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from hearthline.schema.errors import MissingExtra
from hearthline.server.commit import BOUNDS_S, Commit

__all__ = ["Counts", "Health", "House", "Keeping"]

_SPARE = 0.02
_SPARE_BYTES = 256 * 2**20
_MOST_LAG_S = 300.0


class Counts(Protocol):
    """What a door counted."""

    @property
    def accepted(self) -> dict[str, int]:
        """Events by platform."""
        ...

    @property
    def rejected(self) -> dict[tuple[str, str], int]:
        """Rejects by platform and reason."""
        ...


@dataclass(slots=True)
class Keeping:
    """What the keeper said last."""

    loaded_frames: int = 0
    loaded_events: int = 0
    loads: int = 0
    load_seconds: float = 0.0
    last_lag_s: float = 0.0
    read_up_to: float = field(default_factory=time.time)  # what was kept before (Unix time) is in the lake
    answers: int = 0
    answer_seconds: float = 0.0
    answered_at: float = 0.0
    failures: int = 0

    def heard(self, said: dict[str, Any]) -> None:
        """Take in one line of the keeper's."""
        if said["event"] == "loaded":
            self.loads += 1
            self.loaded_frames += said["frames"]
            self.loaded_events += said["events"]
            self.load_seconds += said["seconds"]
            if said["frames"]:
                self.last_lag_s = said["lag_s"]
            if not said["more"]:
                self.read_up_to = max(self.read_up_to, said["began"])
        elif said["event"] == "answered":
            self.answers += 1
            self.answer_seconds = said["seconds"]
            self.answered_at = time.time()
        elif said["event"].endswith("-failed"):
            self.failures += 1

    def lag_s(self, kept_at: float) -> float:
        """Return how old the oldest frame may be that is not in the lake; the newest was kept at `kept_at`.

        >>> Keeping(read_up_to=time.time()).lag_s(kept_at=time.time() - 60)
        0.0
        """
        return max(0.0, time.time() - self.read_up_to) if kept_at >= self.read_up_to else 0.0


@dataclass(frozen=True, slots=True)
class House:
    """What there is to watch."""

    log: Path
    commit: Commit
    keeping: Keeping
    http: Any
    mqtt: Any = None  # offers `figures` (whole numbers by name) and `counts`


class Health:
    """The three answers about a house, each a status, a media type and a body."""

    def __init__(self, house: House) -> None:
        self._house = house

    def ready(self) -> list[str]:
        """Return what is not well, in words; nothing when all is."""
        house, found = self._house, []
        if not house.commit.figures.healthy:
            found.append("the log cannot be written")
        space = shutil.disk_usage(house.log)
        if space.free < min(_SPARE_BYTES, space.total * _SPARE):
            found.append("the disk is almost full")
        if house.commit.waiting_bytes > house.commit.most_bytes // 2:
            found.append("the queue before the log is half full")
        if house.keeping.lag_s(house.commit.figures.kept_at) > _MOST_LAG_S:
            found.append("the lake is minutes behind the log")
        return found

    def metrics(self) -> bytes:
        """Return the figures in Prometheus' text format.

        Raises:
            MissingExtra: the package prometheus-client is not installed.
        """
        try:
            from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415
        except ImportError as error:
            raise MissingExtra(
                "/metrics: the package prometheus-client is not installed; pip install 'hearthline[serve]'"
            ) from error
        registry = CollectorRegistry()
        registry.register(_Collector(self._house))
        return generate_latest(registry)


class _Collector:
    """Turns counts into metric families when they are asked for; nothing is counted twice."""

    def __init__(self, house: House) -> None:
        self._house = house

    def collect(self) -> Iterator[Any]:
        """Yield every family."""
        yield from self._doors()
        yield from self._log()
        yield from self._lake()

    def _doors(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415

        http = self._house.http
        accepted = CounterMetricFamily(
            "hearthline_events_accepted", "Events on disk.", labels=["door", "platform"]
        )
        rejected = CounterMetricFamily(
            "hearthline_events_rejected", "Rejects on disk.", labels=["door", "platform", "reason"]
        )
        mqtt = self._house.mqtt
        doors: dict[str, Counts] = {"http": http} if mqtt is None else {"http": http, "mqtt": mqtt.counts}
        for door, counts in doors.items():
            for platform, number in sorted(counts.accepted.items()):
                accepted.add_metric([door, platform], number)
            for (platform, reason), number in sorted(counts.rejected.items()):
                rejected.add_metric([door, platform, reason], number)
        answers = CounterMetricFamily("hearthline_http_answers", "Answers by status.", labels=["status"])
        for status, number in sorted(http.answers.items()):
            answers.add_metric([str(status)], number)
        unproven = CounterMetricFamily(
            "hearthline_http_unproven", "Senders without a proof.", labels=["platform"]
        )
        for platform, number in sorted(http.unproven.items()):
            unproven.add_metric([platform], number)
        yield from (accepted, rejected, answers, unproven)
        yield GaugeMetricFamily("hearthline_http_in_flight", "Requests being answered.", value=http.in_flight)
        if mqtt is not None:
            for name in mqtt.figures.__dataclass_fields__:
                value = getattr(mqtt.figures, name)
                yield CounterMetricFamily(f"hearthline_mqtt_{name}", f"MQTT: {name}.", value=value)

    def _log(self) -> Iterator[Any]:
        from prometheus_client.core import (  # noqa: PLC0415
            CounterMetricFamily,
            GaugeMetricFamily,
            HistogramMetricFamily,
        )

        commit = self._house.commit
        figures = commit.figures
        yield GaugeMetricFamily(
            "hearthline_queue_bytes", "Bytes that wait for the log.", value=commit.waiting_bytes
        )
        yield CounterMetricFamily("hearthline_log_frames", "Frames on disk.", value=figures.frames)
        yield CounterMetricFamily("hearthline_log_bytes", "Bytes of frames on disk.", value=figures.bytes)
        yield CounterMetricFamily("hearthline_log_failures", "Appends that failed.", value=figures.failures)
        buckets, seen = [], 0
        for bound, number in zip([*map(str, BOUNDS_S), "+Inf"], figures.within, strict=True):
            seen += number
            buckets.append((bound, seen))
        yield HistogramMetricFamily(
            "hearthline_fsync_seconds", "Seconds of an append.", buckets=buckets, sum_value=figures.seconds
        )
        free = shutil.disk_usage(self._house.log).free
        yield GaugeMetricFamily("hearthline_disk_free_bytes", "Free bytes beside the log.", value=free)

    def _lake(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415

        keeping, kept_at = self._house.keeping, self._house.commit.figures.kept_at
        yield GaugeMetricFamily(
            "hearthline_lake_lag_seconds",
            "Age of the oldest frame that may not be in the lake yet.",
            value=keeping.lag_s(kept_at),
        )
        yield GaugeMetricFamily(
            "hearthline_lake_last_lag_seconds",
            "From receipt to lake, of the oldest frame of the newest load.",
            value=keeping.last_lag_s,
        )
        for name, told in (
            ("loads", "Loads of the log into the lake."),
            ("loaded_frames", "Frames loaded."),
            ("loaded_events", "Events loaded."),
            ("load_seconds", "Seconds spent loading."),
            ("answers", "Answers made."),
            ("failures", "Loads and answers that failed."),
        ):
            yield CounterMetricFamily(f"hearthline_keeper_{name}", told, value=getattr(keeping, name))
        yield GaugeMetricFamily(
            "hearthline_answer_seconds", "Seconds that the newest answer took.", value=keeping.answer_seconds
        )
        age = time.time() - keeping.answered_at if keeping.answered_at else -1.0
        yield GaugeMetricFamily("hearthline_answer_age_seconds", "Age of the newest answer.", value=age)
