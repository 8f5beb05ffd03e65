import autocannon from 'autocannon';

export interface ClosedLoop {
  readonly url: string;
  /** Each connection requests them one after the other, repeatedly. */
  readonly paths: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
}

/**
 * A number of connections that send the next request as soon as the last one is answered.
 *
 *
 * @returns requests per second
 * @throws Error unless every answer is 200
 */
export async function requestsPerSecond(loop: ClosedLoop): Promise<number> {
  const result = await autocannon({
    url: loop.url,
    connections: loop.connections,
    duration: loop.seconds,
    headers: { ...loop.headers },
    requests: loop.paths.map((path) => ({ method: 'GET' as const, path })),
  });
  const { errors, timeouts, non2xx } = result;
  if (errors + timeouts + non2xx > 0)
    throw new Error(`${errors} errors, ${timeouts} time-outs, ${non2xx} answers other than 2xx`);
  return result.requests.total / result.duration;
}
