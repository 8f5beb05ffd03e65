export { type GatewayConfig, gatewayConfig } from './config.js';
export { type RunningGateway, startGateway } from './gateway.js';
export { openApiDocument } from './http/openapi.js';
