// SPDX-License-Identifier: Apache-2.0
// A service that uses OpenTelemetry's JavaScript SDK: serves so many pretended requests, flushes, and says what it sent.
// usage: node send.mjs ENDPOINT grpc|http/protobuf|http/json REQUESTS
import process from 'node:process';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { OTLPMetricExporter as GrpcMetrics } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPMetricExporter as JsonMetrics } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufMetrics } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as GrpcTraces } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonTraces } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufTraces } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

const [endpoint, protocol, count] = process.argv.slice(2);
const requests = Number(count);
const [Metrics, Traces] = {
  grpc: [GrpcMetrics, GrpcTraces],
  'http/protobuf': [ProtobufMetrics, ProtobufTraces],
  'http/json': [JsonMetrics, JsonTraces],
}[protocol];
const url = (signal) => (protocol === 'grpc' ? endpoint : `${endpoint}/v1/${signal}`);

const resource = resourceFromAttributes({ 'service.name': 'checkout', 'service.instance.id': 'checkout-1' });
const reader = new PeriodicExportingMetricReader({
  exporter: new Metrics({ url: url('metrics') }),
  exportIntervalMillis: 3600000,
});
const meters = new MeterProvider({ resource, readers: [reader] });
const traces = new NodeTracerProvider({
  resource,
  spanProcessors: [new BatchSpanProcessor(new Traces({ url: url('traces') }))],
});

const meter = meters.getMeter('checkout');
const orders = meter.createCounter('orders', { unit: '{order}' });
const durations = meter.createHistogram('order.duration', { unit: 's' });
const tracer = traces.getTracer('checkout');
let failed = 0;
for (let i = 0; i < requests; i++) {
  const fails = i % 5 === 4;
  failed += fails ? 1 : 0;
  const span = tracer.startSpan('POST /orders', {
    kind: SpanKind.SERVER,
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/orders',
      'http.response.status_code': fails ? 500 : 200,
    },
  });
  if (fails) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
  orders.add(1, { outcome: fails ? 'failed' : 'ok' });
  durations.record(0.01 * (i + 1));
}

await meters.forceFlush();
await traces.forceFlush();
await meters.shutdown();
await traces.shutdown();
console.log(JSON.stringify({ requests, failed, ok: requests - failed }));
