import { ConfigError } from '@subledger/service-kit';
import type { GatewayConfig } from '../config.js';
import { passwordFault } from './password-rules.js';

type Given = Pick<GatewayConfig, 'NODE_ENV' | 'OPERATOR_LOGIN' | 'OPERATOR_PASSWORD'>;

/** @throws ConfigError if production would start with a common password */
export function requireGoodOperatorPassword({ NODE_ENV, OPERATOR_LOGIN, OPERATOR_PASSWORD }: Given): void {
  if (NODE_ENV !== 'production' || OPERATOR_PASSWORD === undefined) return;
  const fault = passwordFault(OPERATOR_PASSWORD, OPERATOR_LOGIN === undefined ? [] : [OPERATOR_LOGIN]);
  if (fault !== undefined) throw new ConfigError([`OPERATOR_PASSWORD ${fault} in production`]);
}
