export { openApiDocument } from './api/openapi.js';
export { type GatewayConfig, gatewayConfig } from './config.js';
export { type RunningGateway, startGateway } from './gateway.js';
