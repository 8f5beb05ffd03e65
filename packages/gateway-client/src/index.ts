export {
  type GatewayAnswer,
  GatewayClient,
  GatewayRefusal,
  type Method,
  type RequestOptions,
  type RetryOptions,
} from './gateway-client.js';
