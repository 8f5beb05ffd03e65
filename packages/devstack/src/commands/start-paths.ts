/** The data folder: `$SUBLEDGER_HOME`, else `.subledger` where we are. */
export const homeFromEnv = (env: NodeJS.ProcessEnv = process.env): string =>
  env.SUBLEDGER_HOME || '.subledger';
