import { SERVERS } from './start-servers.mjs';

/** Jest's globalTeardown: stops what globalSetup started, once. */
export default async function stopServers() {
  const starting = globalThis[SERVERS];
  delete globalThis[SERVERS];
  const servers = await starting;
  await servers?.stop();
}
