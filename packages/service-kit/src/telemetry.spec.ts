import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import { trace } from '@opentelemetry/api';
import { startTelemetry } from './telemetry.js';

it('without an endpoint loads nothing and stays a no-op', async () => {
  const telemetry = await startTelemetry('test', {});
  expect(trace.getTracer('t').startSpan('x').isRecording()).toBe(false);
  await telemetry.stop();
});

it('sends spans to the collector at the stop', async () => {
  const paths: string[] = [];
  const collector = createServer((request, response) => {
    paths.push(request.url ?? '');
    request
      .resume()
      .on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = endpoint;
  try {
    const telemetry = await startTelemetry('test');
    trace.getTracer('t').startSpan('x').end();
    await telemetry.stop();
    expect(paths).toContain('/v1/traces');
  } finally {
    delete process.env.OTEL_EXPORTER_OTLP_ENDPOINT;
    collector.closeAllConnections();
    collector.close();
  }
});
