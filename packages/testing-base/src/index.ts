export { type EventuallyOptions, eventually } from './eventually.js';
export { noise } from './noise.js';
export { type BytesMatcher, TcpProxy } from './tcp-proxy.js';
