import { refuseDefaultSecrets, runService } from '@subledger/service-kit';
import { requireGoodOperatorPassword } from './access/operator-password.js';
import {
  DEVELOPMENT_WEBHOOK_SECRET_KEY,
  gatewayConfig,
  MIN_PRODUCTION_KEY_LENGTH,
  MIN_PRODUCTION_PASSWORD_LENGTH,
} from './config.js';
import { startGateway } from './gateway.js';

await runService({
  name: 'gateway',
  configSchema: gatewayConfig,
  secrets: (config) => {
    const { NODE_ENV, OPERATOR_API_KEY, UPSTREAM_API_KEY, OPERATOR_PASSWORD, WEBHOOK_SECRET_KEY } = config;
    refuseDefaultSecrets(
      NODE_ENV,
      { OPERATOR_API_KEY, UPSTREAM_API_KEY, WEBHOOK_SECRET_KEY },
      { minLength: MIN_PRODUCTION_KEY_LENGTH, defaults: [DEVELOPMENT_WEBHOOK_SECRET_KEY] },
    );
    refuseDefaultSecrets(NODE_ENV, { OPERATOR_PASSWORD }, { minLength: MIN_PRODUCTION_PASSWORD_LENGTH });
    requireGoodOperatorPassword(config);
    return { OPERATOR_API_KEY, UPSTREAM_API_KEY, OPERATOR_PASSWORD, WEBHOOK_SECRET_KEY };
  },
  start: startGateway,
});
