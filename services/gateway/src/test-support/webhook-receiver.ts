import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly atMs: number;
}
/** The reaction to a request: a status, or any handling of the response (doing nothing makes it hang). */
export type Reaction = number | ((response: ServerResponse, received: Received) => void);

/** A customer's program: keeps requests, and answers with 204 by default. */
export class WebhookReceiver {
  readonly received: Received[] = [];
  /** Reactions to the next requests, in order. */
  readonly reactions: Reaction[] = [];
  /** The reaction when `reactions` is empty. */
  usual: Reaction = 204;
  #server!: Server;

  async start(): Promise<this> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString('utf8');
        const received = { path: request.url ?? '', headers: request.headers, body, atMs: performance.now() };
        this.received.push(received);
        const reaction = this.reactions.shift() ?? this.usual;
        if (typeof reaction === 'number') response.writeHead(reaction).end();
        else reaction(response, received);
      });
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  url(path = '/hook'): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** The requests to a path. */
  to(path: string): Received[] {
    return this.received.filter((one) => one.path === path);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
