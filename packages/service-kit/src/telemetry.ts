export interface Telemetry {
  /** Sends what is left, for at most a few seconds. Never throws. */
  stop(): Promise<void>;
}

const STOP_TIMEOUT_MS = 3_000;

/**
 * Starts OpenTelemetry traces over OTLP/HTTP when `OTEL_EXPORTER_OTLP_ENDPOINT` (or the one for traces) is set;
 * the rest of OpenTelemetry's own `OTEL_*` variables apply. Otherwise nothing is loaded and the API is a no-op.
 */
export async function startTelemetry(
  service: string,
  env: Record<string, string | undefined> = process.env,
): Promise<Telemetry> {
  if (!env.OTEL_EXPORTER_OTLP_ENDPOINT && !env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) {
    return { stop: async () => {} };
  }
  // Loaded only here: the SDK costs start-up time and memory that a service without a collector need not pay.
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

/** A collector that is away must not hold up the stop of a service. */
async function stopWithin(stopping: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([stopping.catch(() => {}), timeout]);
  clearTimeout(timer);
}
