import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly atMs: number;
}
/** What to answer: a status, or whatever one does with a response (nothing: it hangs). */
export type Reaction = number | ((response: ServerResponse, received: Received) => void);

/** A customer's program: keeps what comes and answers as it is told, with 204 unless told otherwise. */
export class WebhookReceiver {
  readonly received: Received[] = [];
  /** Of the next requests, in order. */
  readonly reactions: Reaction[] = [];
  /** When `reactions` is empty. */
  usual: Reaction = 204;
  private server!: Server;

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
    this.server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  url(path = '/hook'): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** What came to a path. */
  to(path: string): Received[] {
    return this.received.filter((one) => one.path === path);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
