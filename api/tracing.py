"""OpenTelemetry, where it is installed (`pip install appointment-ledger[tracing]`) and `TRACING` is on.

Owns one span for each request, named by its route, as a child of the caller's where that sends `traceparent`. A span
holds what a log line may hold and no more: no path, no query, no body. Where spans go is OpenTelemetry's own
configuration (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_SERVICE_NAME`, …).
"""

import importlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Flask, Response, g, request

EXTENSION: Final = "appointment-ledger-tracer"
SERVICE: Final = "appointment-ledger"


def register(app: Flask, exporter: Any = None) -> None:
    """Traces every request of the application. Raises ValueError where the optional packages are missing."""
    try:
        otel = {name: importlib.import_module(f"opentelemetry.{name}") for name in ("trace", "propagate", "sdk.trace")}
        export = importlib.import_module("opentelemetry.sdk.trace.export")
        resources = importlib.import_module("opentelemetry.sdk.resources")
        sender = exporter or _otlp()
    except ImportError as error:
        raise ValueError("TRACING needs the extra packages: pip install appointment-ledger[tracing]") from error
    named = resources.Resource.create({"service.name": SERVICE}).merge(resources.OTELResourceDetector().detect())
    provider = otel["sdk.trace"].TracerProvider(resource=named)
    batch = export.BatchSpanProcessor if exporter is None else export.SimpleSpanProcessor
    provider.add_span_processor(batch(sender))
    app.extensions[EXTENSION] = provider
    _hook(app, provider.get_tracer(__name__), otel["propagate"].extract, otel["trace"].SpanKind.SERVER)


def _otlp() -> Any:
    return importlib.import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter").OTLPSpanExporter()


def _hook(app: Flask, tracer: Any, extract: Callable[[Mapping[str, str]], Any], kind: Any) -> None:
    @app.before_request
    def _begin() -> None:
        route = request.url_rule.rule if request.url_rule else "unknown"
        parent = extract({name.lower(): value for name, value in request.headers.items()})
        attributes = {"http.request.method": request.method, "http.route": route}
        g.span = tracer.start_span(f"{request.method} {route}", context=parent, kind=kind, attributes=attributes)

    @app.after_request
    def _end(response: Response) -> Response:
        g.span.set_attribute("http.response.status_code", response.status_code)
        g.span.set_attribute("request.id", g.get("request_id", ""))
        return response

    @app.teardown_request
    def _close(error: BaseException | None) -> None:
        span = g.pop("span", None)
        if span is not None:
            if error is not None:
                span.set_attribute("error.type", type(error).__name__)
            span.end()
