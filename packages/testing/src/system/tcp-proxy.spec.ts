import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../eventually.js';
import { TcpProxy } from './tcp-proxy.js';

describe('TcpProxy', () => {
  let echo: Server;
  let proxy: TcpProxy;
  const sockets: Socket[] = [];
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
    echo = createServer((socket) => socket.on('error', () => {}).pipe(socket));
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
});
