/**
 * A network learns to add two 4-bit numbers, and the processor runs what it has learned: training in TypeScript, a model in between, cycles
 * at the end. Run it with
 *   node --conditions=source examples/09-train-an-adder.ts
 */
import { compileModel, prepareTraining, runAndCheck, type TaskData, tasks } from 'systole';
import { createEngine } from 'systole/engine';
import { tensorNumbers, tensorOf } from 'systole/ir';
import { resolveMachine } from 'systole/machine';
import { exportModel } from 'systole/tensor';

/** Trains on 358 rows of the truth table of a + b + carry, then adds 9 + 5 + 1 on the processor. */
export async function learnToAdd(say: (line: string) => void): Promise<{ right: number; sum: number; cycles: number }> {
  const task = tasks.get('adder')!;
  const seed = 1;
  const data = (task.data as { make(seed: number): TaskData }).make(seed);
  const training = prepareTraining(task, data, { hyperparameters: task.defaults, seed });
  let right = 0;
  for await (const event of training.events()) {
    if (event.kind !== 'epoch') continue;
    right = Math.round(512 * event.validation!.exact!);
    if (event.epoch % 30 === 0)
      say(`epoch ${event.epoch}: loss ${event.train.loss!.toFixed(4)}, ${right} of 512 sums right`);
  }

  const engine = await createEngine();
  const model = await exportModel(training.learner.network, { bits: ['N', 9] }, { outputs: ['sum'] });
  const compiled = await compileModel(model, { machine: resolveMachine('textbook-single'), engine, batch: 1 });
  // Bits of each number from the left: 1001, 0101, 1.
  const feeds = new Map([['bits', tensorOf('float32', [1, 9], [1, 0, 0, 1, 0, 1, 0, 1, 1])]]);
  const { result, outputs, check } = await runAndCheck(compiled, { engine, feeds });
  if (!check.ok) throw new Error('the processor and the host disagree');
  // A bit is 1 where its logit is positive.
  const sum = tensorNumbers(outputs.get('sum')!).reduce((value, logit) => 2 * value + (logit > 0 ? 1 : 0), 0);
  return { right, sum, cycles: result.cycles };
}

if (import.meta.main) {
  const { sum, cycles } = await learnToAdd(console.log);
  console.log(`9 + 5 + 1 = ${sum}, in ${cycles} cycles of the processor`);
}
