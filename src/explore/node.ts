/** The Node half: a pool of threads, outcomes in a file of SQLite, and a queue of jobs on a server. */
export { localExecutor } from './nodePool.ts';
export { openStore } from './nodeStore.ts';
export { serveQueue } from './queue/nodeServe.ts';
export { queueExecutor } from './queue/nodeSubmit.ts';
