/** The tasks that `systole train` knows, by name. */
import { adder } from './adder.ts';
import { lenet5, lstm, mlp } from './classification.ts';
import { gan } from './gan.ts';
import { pictureTasks } from './pictureTasks.ts';
import type { Task } from './task.ts';

export const tasks: ReadonlyMap<string, Task> = new Map(
  [lenet5, mlp, lstm, gan, adder, ...pictureTasks].map((task) => [task.name, task]),
);
