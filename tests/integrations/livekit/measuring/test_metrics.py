"""Metrics: what is measured, how it is named, and where it goes."""

from __future__ import annotations

import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from prometheus_client.parser import text_string_to_metric_families

from integrations.livekit.measuring.metrics import MeetingMetrics, MeetingProbe, Metrics
from integrations.livekit.measuring.telemetry import Endpoint, metrics_for
from moderator.errors import InputError
from moderator.events import (
    Act,
    Action,
    Decision,
    Failure,
    Heard,
    Part,
    PartChanged,
    Reason,
    SpeakerActivity,
    TurnEnded,
    TurnStarted,
)
from moderator.timeline import LiveClock, Samples, Stopwatch, to_samples


class StoppedClock(LiveClock):
    """A meeting that is ten seconds old."""

    def now(self) -> Samples:
        return to_samples(10.0)


def probe(role: str = "facilitator", **dropped: Samples) -> MeetingProbe:
    watch = Stopwatch({"ears": 1.5, "recognition": 2.5, "load": 9.0, "run": 10.0})
    return MeetingProbe(role, StoppedClock(), watch, lambda: dropped)


def take_part(meeting: MeetingMetrics) -> None:
    """Ana talks for 3 s, the agent answers for 1 s."""
    ana = SpeakerActivity("ana", 0, to_samples(3.0))
    meeting(Heard(to_samples(3.0), frozenset({"ana"}), (ana,)))
    meeting(Decision(to_samples(9.9), Action.SPEAK, Reason.FLOOR_FREE))
    meeting(TurnStarted(to_samples(3.5), 1, Act.ANSWER, "ana"))
    meeting(TurnEnded(to_samples(4.5), 1, "Yes.", ""))


class Reading:
    """Metrics in memory."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self.metrics = Metrics(MeterProvider([self._reader]).get_meter("test"))

    def points(self) -> dict[str, list[tuple[dict[str, Any], float]]]:
        """Attributes and value (a histogram's sum) of every point, by metric."""
        data = self._reader.get_metrics_data()
        assert data is not None
        return {
            metric.name: [
                (dict(point.attributes or {}), getattr(point, "value", getattr(point, "sum", 0)))
                for point in metric.data.data_points
            ]
            for scope in data.resource_metrics[0].scope_metrics
            for metric in scope.metrics
        }

    def units(self) -> dict[str, str]:
        data = self._reader.get_metrics_data()
        assert data is not None
        return {m.name: str(m.unit) for m in data.resource_metrics[0].scope_metrics[0].metrics}


def test_everything_is_measured_with_few_labels() -> None:
    reading = Reading()
    take_part(reading.metrics.meeting(probe(receive=320 * 7, transmit=0)))
    points = reading.points()
    role = {"moderator.role": "facilitator"}
    assert points["moderator.response.gap"] == [(role | {"moderator.act": "answer"}, 0.5)]
    labels, late = points["moderator.decision.duration"][0]
    assert (labels, round(late, 3)) == (role | {"moderator.decision.action": "speak"}, 0.1)
    assert points["moderator.realtime_factor"] == [(role, 0.4)]
    assert points["moderator.meeting.time"] == [(role, 10.0)]
    assert sorted((p["moderator.phase"], v) for p, v in points["moderator.compute.time"]) == [
        ("ears", 1.5),
        ("recognition", 2.5),
    ]
    shares = {p["moderator.speaker.kind"]: v for p, v in points["moderator.talk.share"]}
    assert shares == {"agent": 0.25, "participant": 0.75}
    dropped = points["moderator.audio.frames.dropped"]
    assert {p["network.io.direction"]: v for p, v in dropped} == {"receive": 7, "transmit": 0}
    assert "ana" not in str(points)


def test_units_are_those_of_the_conventions() -> None:
    reading = Reading()
    take_part(reading.metrics.meeting(probe(receive=0)))
    units = reading.units()
    assert units.pop("moderator.audio.frames.dropped") == "{frame}"
    assert units.pop("moderator.meeting.active") == "{meeting}"
    assert units.pop("moderator.part.down") == "{meeting}"
    ratios = {name for name, unit in units.items() if unit == "1"}
    assert ratios == {"moderator.realtime_factor", "moderator.talk.share"}
    assert {unit for name, unit in units.items() if name not in ratios} == {"s"}


def test_what_plugins_used_is_summed_up() -> None:
    reading = Reading()
    used = {"stt": {"audio_s": 12.5}, "llm": {"input_tokens": 40.0, "output_tokens": 9.0}}
    first, second = (
        reading.metrics.meeting(replace(probe(), usage=lambda: used)) for _ in range(2)
    )
    first.close()
    points = reading.points()
    by_unit = {
        unit: [
            (labels["moderator.plugin"], sum_)
            for labels, sum_ in points[f"moderator.plugin.{unit}"]
        ]
        for unit in ("audio.time", "tokens.input", "tokens.output")
    }
    assert by_unit == {
        "audio.time": [("stt", 25.0)],
        "tokens.input": [("llm", 80.0)],
        "tokens.output": [("llm", 18.0)],
    }
    second.close()


def test_parts_that_fail_are_counted_and_those_that_are_down() -> None:
    reading = Reading()
    first, second = (reading.metrics.meeting(probe()) for _ in range(2))
    for meeting in (first, second):
        meeting(Failure(1, "recogniser", "it does not answer"))
        meeting(PartChanged(1, Part.RECOGNISER, up=False))
    first(Failure(2, "mind", "it does not answer"))
    second(PartChanged(3, Part.RECOGNISER, up=True))
    points = reading.points()
    failures = {p["moderator.part"]: v for p, v in points["moderator.part.failures"]}
    assert failures == {"recogniser": 2, "mind": 1}
    down = {p["moderator.part"]: v for p, v in points["moderator.part.down"]}
    assert down == {"recogniser": 1, "detector": 0, "diarizer": 0, "voice": 0}
    first.close()
    failures = {p["moderator.part"]: v for p, v in reading.points()["moderator.part.failures"]}
    assert failures == {"recogniser": 2, "mind": 1}


def test_meetings_add_up_and_stay_when_they_are_over() -> None:
    reading = Reading()
    first, second = (reading.metrics.meeting(probe()) for _ in range(2))
    take_part(first)
    first.close()
    first.close()
    points = reading.points()
    assert [value for _, value in points["moderator.meeting.time"]] == [20.0]
    assert [value for _, value in points["moderator.meeting.active"]] == [1]
    second.close()
    points = reading.points()
    assert [value for _, value in points["moderator.meeting.time"]] == [20.0]
    assert not points.get("moderator.meeting.active")


def test_a_role_of_somebody_elses_naming_is_not_a_label() -> None:
    reading = Reading()
    for number in range(50):
        take_part(reading.metrics.meeting(probe(f"role-{number}")))
    points = reading.points()
    assert {p["moderator.role"] for each in points.values() for p, _ in each} == {"custom"}


def scrape(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=5) as answer:
        text = answer.read().decode()
    return {family.name: family for family in text_string_to_metric_families(text)}


def test_prometheus_can_scrape_them(capsys: pytest.CaptureFixture[str]) -> None:
    with metrics_for(Endpoint(0), {}) as metrics:
        assert metrics is not None
        take_part(metrics.meeting(probe(receive=320)))
        url = capsys.readouterr().err.split("metrics: ")[1].strip()
        assert url.startswith("http://127.0.0.1:")
        families = scrape(url)
    assert families["moderator_response_gap_seconds"].type == "histogram"
    assert families["moderator_realtime_factor"].samples[0].value == 0.4
    assert families["moderator_audio_frames_dropped"].samples[0].value == 1
    with pytest.raises(OSError, match="refused"):
        scrape(url)
    with metrics_for(Endpoint(0), {}) as again:  # nothing of the first is left in the registry
        assert again is not None


def test_nothing_is_measured_when_nobody_asks() -> None:
    with metrics_for(None, {}) as metrics:
        assert metrics is None
    off = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"}
    with metrics_for(None, off) as metrics:
        assert metrics is None


def test_a_taken_port_and_an_unknown_protocol_are_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match="cannot listen"), metrics_for(Endpoint(port), {}):
            pass
    with pytest.raises(InputError, match="cannot listen"), metrics_for(Endpoint(0, "no host"), {}):
        pass
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "smoke",
    }
    with pytest.raises(InputError, match="unknown protocol"), metrics_for(None, environ):
        pass


@contextmanager
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """An OpenTelemetry collector that keeps what it gets."""
    bodies: list[bytes] = []

    class Keep(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Keep) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", bodies
        server.shutdown()
        thread.join()


def test_a_collector_gets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    with collector() as (url, bodies):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
        with metrics_for(None) as metrics:
            assert metrics is not None
            take_part(metrics.meeting(probe()))
    sent = ExportMetricsServiceRequest.FromString(bodies[-1]).resource_metrics[0]
    names = {metric.name for metric in sent.scope_metrics[0].metrics}
    assert {"moderator.response.gap", "moderator.realtime_factor"} <= names
    service = {entry.key: entry.value.string_value for entry in sent.resource.attributes}
    assert service["service.name"] == "moderator"
