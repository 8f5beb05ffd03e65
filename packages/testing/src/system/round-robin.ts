import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** A failed connection has sent nothing, so the request may go to the next target. */
const NOT_CONNECTED = new Set(['ECONNREFUSED']);

/**
 * An HTTP proxy on 127.0.0.1 that passes each request to the next of its targets, like the simplest load balancer:
 * two consecutive requests of one client never reach the same instance. A target that refuses the connection is
 * skipped. A started request is never repeated. Bodies are streamed in both directions, and a broken answer is broken
 * for the client too.
 */
export class RoundRobin {
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #ports: readonly number[];
  /** Requests that each target answered, in the order of `ports`. */
  readonly answered: number[];
  #next = 0;

  private constructor(ports: readonly number[]) {
    this.#ports = ports;
    this.answered = ports.map(() => 0);
    this.#server = createServer((asked, answer) => {
      const first = this.#next;
      this.#next = (first + 1) % this.#ports.length;
      this.#pass(asked, answer, { target: first, refused: 0 });
    });
  }

  /**
   * @param ports of the targets, on 127.0.0.1
   * @param port where it listens; default any free one
   */
  static async start(ports: readonly number[], port = 0): Promise<RoundRobin> {
    const proxy = new RoundRobin(ports);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(port, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await closed;
  }

  /** `refused` counts the targets that refused this request's connection so far. */
  #pass(
    asked: IncomingMessage,
    answer: ServerResponse,
    { target, refused }: { target: number; refused: number },
  ): void {
    const { method, url: path, rawHeaders: headers } = asked;
    const options = {
      host: '127.0.0.1',
      port: this.#ports[target],
      method,
      path,
      headers,
      agent: this.#agent,
    };
    const passed = request(options, (response) => {
      this.answered[target] = (this.answered[target] ?? 0) + 1;
      const { statusCode = 502, statusMessage, rawHeaders } = response;
      answer.writeHead(statusCode, statusMessage, rawHeaders);
      // Not `pipeline`, which would end a broken answer as if it were complete.
      response.once('error', () => answer.destroy());
      response.pipe(answer);
    });
    passed.once('error', (error: NodeJS.ErrnoException) => {
      const isNext = NOT_CONNECTED.has(error.code ?? '') && refused + 1 < this.#ports.length;
      if (isNext) {
        const next = { target: (target + 1) % this.#ports.length, refused: refused + 1 };
        return this.#pass(asked, answer, next);
      }
      if (answer.headersSent) answer.destroy();
      else answer.writeHead(502).end();
    });
    answer.once('close', () => passed.destroy());
    // The body is not read before there is a connection, so the request can still go to another target.
    passed.once('socket', (socket) => {
      const send = () => asked.pipe(passed);
      if (socket.connecting) socket.once('connect', send);
      else send();
    });
  }
}
