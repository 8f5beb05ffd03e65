import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Looks at the bytes of one read. Requests of our suites are small, so each comes whole. */
export type BytesMatcher = (bytes: Buffer) => boolean;

type Pair = readonly [client: Socket, server: Socket];

/**
 * A TCP proxy on 127.0.0.1 that stands for the network: it can cut every connection, refuse new ones, swallow the
 * bytes of those that stay open (which is what a lost network looks like from inside), or lose single answers.
 */
export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #target: Address | undefined;
  #mode: 'pass' | 'refuse' | 'stall' = 'pass';
  #losing: { readonly to: BytesMatcher | undefined; count: number } = { to: undefined, count: 0 };
  #breaking: { readonly at: BytesMatcher; count: number } = { at: () => false, count: 0 };
  #holding: { readonly to: BytesMatcher; readonly answers: (() => void)[] } | undefined;
  #lost = 0;
  #port = 0;

  private constructor(target: Address | undefined) {
    this.#target = target;
    this.#server = createServer((client) => this.#accept(client));
  }

  /** @param target without it, `dial` says it */
  static async start(target?: Address): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(0, '127.0.0.1', resolve);
    });
    proxy.#port = (proxy.#server.address() as AddressInfo).port;
    return proxy;
  }

  /** On 127.0.0.1; stays the same while it is cut. */
  get port(): number {
    return this.#port;
  }

  /** For `KafkaConfig.dial`; one broker only. */
  readonly dial = (host: string, port: number): Address => {
    this.#target = { host, port };
    return { host: '127.0.0.1', port: this.port };
  };

  /** Cuts every connection and refuses new ones until `restore`. */
  cut(): void {
    this.#mode = 'refuse';
    this.#destroyAll();
  }

  /** Nothing gets through either way, and nobody is told, until `restore`. */
  stall(): void {
    this.#mode = 'stall';
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  restore(): void {
    this.#mode = 'pass';
    for (const pair of this.#pairs) for (const socket of pair) socket.resume();
  }

  /**
   * The server gets the next requests, but the connection breaks when it answers.
   *
   * @param count how many; 0 takes back what is left of an earlier call
   * @param to requests whose answers are meant. Default: whatever answer comes next
   */
  loseAnswers(count: number, to?: BytesMatcher): void {
    this.#losing = { to, count };
  }

  /** The connection breaks at the next requests that match, before the server gets them. */
  breakAt(request: BytesMatcher, count: number): void {
    this.#breaking = { at: request, count };
  }

  /** How many answers and requests `loseAnswers` and `breakAt` have lost so far. */
  get lost(): number {
    return this.#lost;
  }

  /** The server does what requests that match say, but their answers wait for `releaseAnswers`. */
  holdAnswers(to: BytesMatcher): void {
    this.#holding = { to, answers: [] };
  }

  /** How many answers wait. */
  get heldAnswers(): number {
    return this.#holding?.answers.length ?? 0;
  }

  releaseAnswers(): void {
    const answers = this.#holding?.answers ?? [];
    this.#holding = undefined;
    for (const answer of answers) answer();
  }

  async close(): Promise<void> {
    this.#mode = 'refuse';
    this.#destroyAll();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #destroyAll(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
    this.#pairs.clear();
  }

  #accept(client: Socket): void {
    client.on('error', () => {});
    if (this.#mode === 'refuse' || this.#target === undefined) {
      client.destroy();
      return;
    }
    const pair = [client, connect(this.#target)] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [pair, [pair[1], client] as const]) {
      from.on('error', () => {});
      from.on('close', () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
      from.on('end', () => to.end());
    }
    this.#pass(pair);
    if (this.#mode === 'stall') for (const socket of pair) socket.pause();
  }

  /** By hand rather than by `pipe`, whose back-pressure would resume what `stall` has paused. */
  #pass([client, server]: Pair): void {
    const lose = (what: { count: number }) => {
      what.count -= 1;
      this.#lost += 1;
      client.destroy();
      server.destroy();
    };
    let isLosing = false;
    let isHeld = false;
    client.on('data', (bytes: Buffer) => {
      if (this.#breaking.count > 0 && this.#breaking.at(bytes)) return lose(this.#breaking);
      if (this.#losing.count > 0 && this.#losing.to?.(bytes)) isLosing = true;
      if (this.#holding?.to(bytes)) isHeld = true;
      server.write(bytes);
    });
    server.on('data', (bytes: Buffer) => {
      const { count, to } = this.#losing;
      if (count > 0 && (isLosing || to === undefined)) lose(this.#losing);
      else if (isHeld && this.#holding) this.#holding.answers.push(() => client.write(bytes));
      else client.write(bytes);
    });
  }
}
