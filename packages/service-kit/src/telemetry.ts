export interface Telemetry {
  /** Sends remaining traces, for at most a few seconds. Never throws. */
  stop(): Promise<void>;
}

const STOP_TIMEOUT_MS = 3_000;

/**
 * Starts OpenTelemetry traces over OTLP/HTTP if `OTEL_EXPORTER_OTLP_ENDPOINT` (or the one for traces) is set.
 * OpenTelemetry's other `OTEL_*` variables apply too. Otherwise nothing is loaded and the API does nothing.
 */
export async function startTelemetry(
  service: string,
  env: Record<string, string | undefined> = process.env,
): Promise<Telemetry> {
  if (!env.OTEL_EXPORTER_OTLP_ENDPOINT && !env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) {
    return { stop: async () => {} };
  }
  // Loaded only here, because the SDK costs start-up time and memory, which a service without a collector need not
  // pay.
  const [{ NodeSDK }, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  const sdk = new NodeSDK({
    serviceName: env.OTEL_SERVICE_NAME ?? service,
    traceExporter: new OTLPTraceExporter(),
    instrumentations: [],
  });
  sdk.start();
  return { stop: () => stopWithin(sdk.shutdown(), STOP_TIMEOUT_MS) };
}

/** An unreachable collector must not delay the stop of a service. */
async function stopWithin(stopping: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([stopping.catch(() => {}), timeout]);
  clearTimeout(timer);
}
