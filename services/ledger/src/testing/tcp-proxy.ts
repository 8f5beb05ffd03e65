import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';

/** A proxy of a server that can go away and come back, for one suite. */
export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;
  private isCut = false;
  private unanswered: string | undefined;
  private held: { readonly text: string; readonly answers: (() => void)[] } | undefined;

  constructor(private readonly target: { readonly host: string; readonly port: number }) {
    this.server = createServer((client) => this.connect(client));
  }

  /** @returns the port on 127.0.0.1 */
  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return (this.server.address() as AddressInfo).port;
  }

  /** Breaks all connections and refuses new ones. */
  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  mend(): void {
    this.isCut = false;
  }

  /** The server executes the next request that contains this text, but its answer and the connection are lost. */
  loseAnswerTo(text: string): void {
    this.unanswered = text;
  }

  get hasLostAnswer(): boolean {
    return this.unanswered === undefined;
  }

  /** The server executes requests that contain this text, but their answers wait for `releaseAnswers`. */
  holdAnswersTo(text: string): void {
    this.held = { text, answers: [] };
  }

  /** Number of waiting answers. */
  get heldAnswers(): number {
    return this.held?.answers.length ?? 0;
  }

  releaseAnswers(): void {
    const answers = this.held?.answers ?? [];
    this.held = undefined;
    for (const answer of answers) answer();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private connect(client: Socket): void {
    if (this.isCut) {
      client.destroy();
      return;
    }
    const server = createConnection(this.target);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
    let isLosing = false;
    let isHeld = false;
    client.on('data', (bytes) => {
      if (this.unanswered !== undefined && bytes.includes(this.unanswered)) isLosing = true;
      if (this.held && bytes.includes(this.held.text)) isHeld = true;
      server.write(bytes);
    });
    server.on('data', (bytes) => {
      if (isHeld && this.held) this.held.answers.push(() => client.write(bytes));
      else if (!isLosing) client.write(bytes);
      else {
        this.unanswered = undefined;
        client.destroy();
      }
    });
  }
}
