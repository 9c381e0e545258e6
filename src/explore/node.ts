/** The Node half: a pool of threads, and outcomes in a file of SQLite. */
export { localExecutor } from './nodePool.ts';
export { openStore } from './nodeStore.ts';
