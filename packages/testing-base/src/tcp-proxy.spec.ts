import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from './eventually.js';
import { TcpProxy } from './tcp-proxy.js';

describe('TcpProxy', () => {
  let echo: Server;
  let proxy: TcpProxy;
  const sockets: Socket[] = [];
  /** What the server got. */
  let got: string[];
  const open = (): { socket: Socket; received: () => string } => {
    const socket = connect({ host: '127.0.0.1', port: proxy.port });
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', () => {});
    sockets.push(socket);
    return { socket, received: () => text };
  };

  beforeEach(async () => {
    got = [];
    echo = createServer((socket) => {
      socket.on('error', () => {}).pipe(socket);
      socket.on('data', (bytes) => got.push(String(bytes)));
    });
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
    proxy = await TcpProxy.start({ host: '127.0.0.1', port: (echo.address() as AddressInfo).port });
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await proxy.close();
    echo.close();
  });

  it('passes bytes both ways', async () => {
    const { socket, received } = open();
    socket.write('hello');
    await eventually(() => received() === 'hello');
  });

  it('cuts what is open and refuses what is new, until it is restored', async () => {
    const first = open();
    first.socket.write('x');
    await eventually(() => first.received() === 'x');
    const closed = once(first.socket, 'close');
    proxy.cut();
    await closed;
    await once(open().socket, 'close');
    proxy.restore();
    const again = open();
    again.socket.write('back');
    await eventually(() => again.received() === 'back');
  });

  it('holds bytes back while it stalls, with the connection open', async () => {
    const { socket, received } = open();
    socket.write('a');
    await eventually(() => received() === 'a');
    proxy.stall();
    socket.write('b');
    await expect(eventually(() => received() === 'ab', { timeoutMs: 150 })).rejects.toThrow();
    expect(socket.destroyed).toBe(false);
    proxy.restore();
    await eventually(() => received() === 'ab');
  });

  const says = (words: string) => (bytes: Buffer) => bytes.includes(words);
  const answer = async (text: string): Promise<'answered' | 'broken'> => {
    const { socket, received } = open();
    let isClosed = false;
    socket.on('close', () => {
      isClosed = true;
    });
    socket.write(text);
    await eventually(() => isClosed || received() === text);
    return received() === text ? 'answered' : 'broken';
  };

  it('loses so many answers and no more, and counts them', async () => {
    proxy.loseAnswers(2);
    expect(await answer('a')).toBe('broken');
    expect(await answer('b')).toBe('broken');
    expect(await answer('c')).toBe('answered');
    expect(proxy.lost).toBe(2);
    proxy.loseAnswers(1);
    proxy.loseAnswers(0);
    expect(await answer('d')).toBe('answered');
  });

  it('loses the answer to one request, which the server has got', async () => {
    proxy.loseAnswers(1, says('commit'));
    expect(await answer('begin')).toBe('answered');
    expect(await answer('commit')).toBe('broken');
    expect(await answer('commit')).toBe('answered');
    expect(got).toEqual(['begin', 'commit', 'commit']);
  });

  it('breaks at a request, which the server does not get', async () => {
    proxy.breakAt(says('join'), 1);
    expect(await answer('fetch')).toBe('answered');
    expect(await answer('join')).toBe('broken');
    expect(await answer('join again')).toBe('answered');
    expect([got, proxy.lost]).toEqual([['fetch', 'join again'], 1]);
  });

  it('holds answers until they are released', async () => {
    proxy.holdAnswers(says('commit'));
    expect(await answer('begin')).toBe('answered');
    const { socket, received } = open();
    socket.write('commit');
    await eventually(() => proxy.heldAnswers === 1);
    expect([received(), got]).toEqual(['', ['begin', 'commit']]);
    proxy.releaseAnswers();
    await eventually(() => received() === 'commit');
    expect(proxy.heldAnswers).toBe(0);
  });

  it('takes its target from the dial of a client', async () => {
    const dialled = await TcpProxy.start();
    expect(dialled.dial('127.0.0.1', (echo.address() as AddressInfo).port)).toEqual({
      host: '127.0.0.1',
      port: dialled.port,
    });
    const socket = connect({ host: '127.0.0.1', port: dialled.port });
    socket.write('x');
    expect(String((await once(socket, 'data'))[0])).toBe('x');
    await dialled.close();
  });
});
