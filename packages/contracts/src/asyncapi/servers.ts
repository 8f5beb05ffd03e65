const SASL = [
  { $ref: '#/components/securitySchemes/plain' },
  { $ref: '#/components/securitySchemes/scramSha256' },
  { $ref: '#/components/securitySchemes/scramSha512' },
];

export const SERVERS = {
  production: {
    host: '{brokers}',
    protocol: 'kafka-secure',
    title: 'Production',
    description: 'TLS, and SASL by one of the mechanisms (`KAFKA_SSL`, `KAFKA_SASL_*` of the services).',
    variables: { brokers: { description: 'Bootstrap brokers, `host:port`', default: 'kafka.example:9093' } },
    security: SASL,
    tags: [{ name: 'production' }],
  },
  development: {
    host: '{brokers}',
    protocol: 'kafka',
    title: 'npm start',
    description: 'The embedded broker; its address is `kafkaBrokers` in `$SUBLEDGER_HOME/dev.json`.',
    variables: { brokers: { description: 'Bootstrap brokers, `host:port`', default: '127.0.0.1:9092' } },
    tags: [{ name: 'development' }],
  },
};

export const SECURITY_SCHEMES = {
  plain: { type: 'plain', description: 'SASL/PLAIN, over TLS only' },
  scramSha256: { type: 'scramSha256', description: 'SASL/SCRAM-SHA-256' },
  scramSha512: { type: 'scramSha512', description: 'SASL/SCRAM-SHA-512' },
};
