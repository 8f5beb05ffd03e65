import { defineConfig } from 'prisma/config';

// `prisma generate` asks for an engine binary that it then does not use; any existing file will do, and
// nothing is downloaded. The update check is switched off for the same reason: generating needs no network.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath;
process.env.CHECKPOINT_DISABLE ??= '1';
process.env.PRISMA_HIDE_UPDATE_MESSAGE ??= '1';

export default defineConfig({ schema: 'prisma/schema.prisma', migrations: { path: 'prisma/migrations' } });
