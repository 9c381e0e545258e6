/** The tasks that `systole train` knows, one line each. */
import { adder } from './adder.ts';
import { lenet5, mlp } from './classification.ts';
import type { Task } from './task.ts';

export const tasks: ReadonlyMap<string, Task> = new Map([lenet5, mlp, adder].map((task) => [task.name, task]));
