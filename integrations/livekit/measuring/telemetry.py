"""Where metrics go: an endpoint that Prometheus scrapes, and an OpenTelemetry collector."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    MetricExporter,
    MetricReader,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.resources import Resource

from integrations.livekit.measuring.metrics import Metrics
from integrations.livekit.measuring.scraping import scraped
from moderator import __version__
from moderator.cli.console import note
from moderator.errors import InputError

ENDPOINTS = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where metrics can be scraped.

    Attributes:
        port: 0 for any free one.
        host: address to listen on.
    """

    port: int
    host: str = "127.0.0.1"


@contextmanager
def metrics_for(
    endpoint: Endpoint | None, environ: Mapping[str, str] | None = None
) -> Iterator[Metrics | None]:
    """Metrics that go where options and environment say; None if that is nowhere.

    Args:
        endpoint: answers at ``http://HOST:PORT/metrics``, with the worker's own metrics too.
        environ: holds the OpenTelemetry SDK's variables; the process's own if None. With an OTLP
            endpoint among them, metrics are sent there, at the SDK's interval.

    Raises:
        InputError: the port is taken, or the environment asks for an unknown protocol.
    """
    environ = os.environ if environ is None else environ
    readers: list[MetricReader] = []
    exporter = _otlp(environ)
    if exporter is not None:
        readers.append(PeriodicExportingMetricReader(exporter))
    with ExitStack() as stack:
        if endpoint is not None:
            readers.append(PrometheusMetricReader(scope_info_enabled=False))
        if not readers:
            yield None
            return
        resource = Resource.create(
            {
                "service.name": environ.get("OTEL_SERVICE_NAME") or "moderator",
                "service.version": __version__,
            }
        )
        # Not the global provider: what other libraries measure may name rooms and people.
        provider = MeterProvider(readers, resource, shutdown_on_exit=False)
        stack.callback(provider.shutdown)
        if endpoint is not None:
            _listen(endpoint, stack)
        yield Metrics(provider.get_meter("moderator", __version__))


def _listen(endpoint: Endpoint, stack: ExitStack) -> None:
    try:
        server = stack.enter_context(scraped(endpoint.host, endpoint.port))
    except (OSError, OverflowError) as error:
        raise InputError(
            f"cannot listen on {endpoint.host[:100]!a}, port {endpoint.port}: {error}",
            where="--metrics-port",
            todo="give a free port, or 0 for any",
        ) from None

    note(f"metrics: http://{endpoint.host}:{server.server_port}/metrics")


def _otlp(environ: Mapping[str, str]) -> MetricExporter | None:
    """The exporter that the environment asks for; it reads endpoint, headers and the like there."""
    wanted = any(environ.get(name) for name in ENDPOINTS)
    off = environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if not wanted or off or environ.get("OTEL_METRICS_EXPORTER", "otlp") != "otlp":
        return None
    named = [environ[name] for name in PROTOCOLS if environ.get(name)]
    protocol = named[0] if named else "http/protobuf"
    if protocol == "http/protobuf":
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

        return OTLPMetricExporter()
    if protocol == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import (
            OTLPMetricExporter as GrpcExporter,
        )

        return GrpcExporter()
    raise InputError(
        f"unknown protocol {protocol[:60]!a}",
        where=PROTOCOLS[1],
        todo="use http/protobuf or grpc",
    )
