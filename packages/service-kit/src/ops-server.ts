import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import type { Health } from './health.js';
import { scrubText } from './redaction.js';

export interface OpsServerOptions {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  readonly health: Health;
  readonly metrics: Registry;
}

/**
 * Health and metrics on a separate port, not for customers: `GET /healthz` (is a restart needed), `GET /readyz` (may
 * work be sent here), `GET /metrics` (Prometheus).
 */
export class OpsServer {
  readonly #server: Server;

  constructor(private readonly options: OpsServerOptions) {
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.requestTimeout = 10_000;
    this.#server.headersTimeout = 5_000;
  }

  /**
   * Starts to listen.
   *
   *
   * @returns the port
   * @throws the socket's error, such as EADDRINUSE
   */
  async listen(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.options.port, this.options.host, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return sendJson(response, 405, { error: 'use GET' }, { allow: 'GET, HEAD' });
    }
    if (path === '/healthz') {
      const liveness = this.options.health.liveness;
      return sendJson(response, liveness.ok ? 200 : 503, liveness);
    }
    if (path === '/readyz') return this.#answerReady(response);
    if (path === '/metrics') return this.#answerMetrics(response);
    sendJson(response, 404, { error: 'there are /healthz, /readyz and /metrics' });
  }

  #answerReady(response: ServerResponse): void {
    const { health } = this.options;
    const { ready, phase, checks } = health.readiness;
    const failing = Object.fromEntries(
      Object.entries(checks).flatMap(([name, result]) =>
        result.ok ? [] : [[name, scrubText(result.error)]],
      ),
    );
    const { liveness } = health;
    if (!liveness.ok) failing.liveness = liveness.error;
    sendJson(response, ready ? 200 : 503, ready ? { ready, phase } : { ready, phase, failing });
  }

  async #answerMetrics(response: ServerResponse): Promise<void> {
    try {
      const text = await this.options.metrics.metrics();
      response.writeHead(200, { 'content-type': this.options.metrics.contentType }).end(text);
    } catch (error) {
      sendJson(response, 500, {
        error: error instanceof Error ? scrubText(error.message) : 'metrics failed',
      });
    }
  }
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers })
    .end(`${JSON.stringify(body)}\n`);
}
