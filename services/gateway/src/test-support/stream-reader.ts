import { eventually } from '@subledger/testing';
import type { TestSession } from './test-gateway.js';

export interface ReceivedEvent {
  readonly event: string;
  readonly id: string;
  // biome-ignore lint/suspicious/noExplicitAny: suites look into data of any shape
  readonly data: any;
}
export interface ReadOptions {
  readonly key?: string;
  readonly session?: TestSession;
  readonly lastEventId?: string;
}

/** Reads server-sent events like a browser (HTML Standard, section 9.2.6), and keeps them. */
export class StreamReader {
  readonly events: ReceivedEvent[] = [];
  readonly comments: string[] = [];
  /** The value that a browser would send as `Last-Event-ID`. */
  lastEventId = '';
  /** How the stream ended: `end` if the server ended it, `broken` if it was cut. */
  ended: 'end' | 'broken' | undefined;

  private constructor(
    readonly response: Response,
    private readonly abort: AbortController,
  ) {
    void this.#read();
  }

  static async open(url: string, { key, session, lastEventId }: ReadOptions): Promise<StreamReader> {
    const abort = new AbortController();
    const response = await fetch(url, {
      signal: abort.signal,
      headers: {
        accept: 'text/event-stream',
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(session ? { cookie: session.cookie } : {}),
        ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
      },
    });
    if (response.status !== 200) {
      throw Object.assign(new Error(`${response.status}`), { response, body: await response.json() });
    }
    const reader = new StreamReader(response, abort);
    await reader.next('hello');
    return reader;
  }

  close(): void {
    this.abort.abort();
  }

  /** The first event with this name from index `from` on that fulfils the condition. */
  next(
    event: string,
    passes: (data: ReceivedEvent['data']) => boolean = () => true,
    from = 0,
  ): Promise<ReceivedEvent> {
    const find = () => this.events.slice(from).find((one) => one.event === event && passes(one.data));
    return eventually(async () => find(), { what: `the event ${event}` });
  }

  named(event: string): ReceivedEvent[] {
    return this.events.filter((one) => one.event === event);
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let text = '';
    try {
      for await (const chunk of this.response.body ?? []) {
        text += decoder.decode(chunk as Uint8Array, { stream: true });
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) this.#dispatch(block);
      }
      this.ended = 'end';
    } catch {
      this.ended = 'broken';
    }
  }

  #dispatch(block: string): void {
    const fields = new Map<string, string>();
    for (const line of block.split('\n')) {
      const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
      if (name === '') this.comments.push(value);
      else fields.set(name, value);
    }
    const data = fields.get('data');
    this.lastEventId = fields.get('id') ?? this.lastEventId;
    if (data === undefined) return;
    this.events.push({
      event: fields.get('event') ?? 'message',
      id: this.lastEventId,
      data: JSON.parse(data),
    });
  }
}
