import { refuseDefaultSecrets, runService } from '@subledger/service-kit';
import { gatewayConfig, MIN_PRODUCTION_KEY_LENGTH, MIN_PRODUCTION_PASSWORD_LENGTH } from './config.js';
import { startGateway } from './gateway.js';

await runService({
  name: 'gateway',
  configSchema: gatewayConfig,
  secrets: (config) => {
    const { NODE_ENV, OPERATOR_API_KEY, UPSTREAM_API_KEY, OPERATOR_PASSWORD } = config;
    refuseDefaultSecrets(
      NODE_ENV,
      { OPERATOR_API_KEY, UPSTREAM_API_KEY },
      { minLength: MIN_PRODUCTION_KEY_LENGTH },
    );
    refuseDefaultSecrets(NODE_ENV, { OPERATOR_PASSWORD }, { minLength: MIN_PRODUCTION_PASSWORD_LENGTH });
    return { OPERATOR_API_KEY, UPSTREAM_API_KEY, OPERATOR_PASSWORD };
  },
  start: startGateway,
});
