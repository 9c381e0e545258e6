/** Judges a module in a thread of its own, which `judgeModule` ends where the module does not: started with the recipe's file and the answer's. */
import { parentPort, workerData } from 'node:worker_threads';
import { judgeLoaded, type Recipe } from './answers.ts';

const { recipe, path } = workerData as { readonly recipe: string; readonly path: string };
const { judgedBy } = (await import(recipe)) as { readonly judgedBy: Recipe<unknown> };
parentPort!.postMessage(await judgeLoaded(path, judgedBy));
