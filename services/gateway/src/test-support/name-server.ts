import { createSocket, type Socket } from 'node:dgram';

const TYPE_A = 1;

/** A name server with answers from the test. Each answer may differ, and none may be cached. */
export class NameServer {
  /** Names requested by type A. */
  readonly queried: string[] = [];
  /** IPv4 addresses of a name, by the number of earlier requests for it. */
  answer: (name: string, times: number) => readonly string[] = () => [];
  readonly #socket: Socket = createSocket('udp4');

  async start(): Promise<this> {
    this.#socket.on('message', (query, from) => {
      this.#socket.send(this.#reply(query), from.port, from.address);
    });
    await new Promise<void>((resolve) => this.#socket.bind(0, '127.0.0.1', resolve));
    return this;
  }

  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }

  /** RFC 1035: the question, followed by one record per address. */
  #reply(query: Buffer): Buffer {
    let at = 12;
    const labels: string[] = [];
    while (query[at] !== 0) {
      const length = query[at] as number;
      labels.push(query.subarray(at + 1, at + 1 + length).toString('ascii'));
      at += length + 1;
    }
    const name = labels.join('.').toLowerCase();
    const question = query.subarray(12, at + 5);
    const isA = query.readUInt16BE(at + 1) === TYPE_A;
    const addresses = isA ? this.answer(name, this.queried.filter((one) => one === name).length) : [];
    if (isA) this.queried.push(name);
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8180, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(addresses.length, 6);
    const records = addresses.map((address) =>
      Buffer.from([0xc0, 0x0c, 0, TYPE_A, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)]),
    );
    return Buffer.concat([header, question, ...records]);
  }
}
