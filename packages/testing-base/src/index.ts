export { type EventuallyOptions, eventually } from './eventually.js';
export { type BytesMatcher, TcpProxy } from './tcp-proxy.js';
