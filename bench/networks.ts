/**
 * Whole networks: compile, timing only, with data, each against ONNX Runtime in the same process.
 *
 * Method: every figure is one cold measurement in its own order (import and passes → lowering → timing-only run → run with data and
 * hazard detection), as a user of `systole run` meets it; but `warm` is the same timing-only run once more after two, when the compiler of
 * the JavaScript engine has seen the code (a sweep over machines meets this one); the peer is ONNX Runtime's own session creation and one run for the
 * same file. Ratios are ours ÷ theirs; ours simulates a processor, so the run's ratio says what seeing costs. Peak resident memory is
 * that of the process so far. Models: arguments, or the light networks and models of ../shared/data where they are there.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { createEngine } from '#engine';
import { compareOutputs, compileModel, executeProgram, randomInput } from '#flow';
import { DEFAULT_MACHINE, presets } from '#machine';
import { readModel } from '#onnx';

const DEFAULTS = [
  ...['mnist-8', 'ultraface-rfb-320'].map((n) => `../shared/data/onnx-models/${n}.onnx`),
  ...['bvlc_alexnet', 'squeezenet', 'resnet50', 'vgg19'].map(
    (n) => `../shared/data/onnx-conformance/light/light_${n}.onnx`,
  ),
];

export default async function networks(args: readonly string[]): Promise<void> {
  const files = (args.length > 0 ? args : DEFAULTS).filter((f) => existsSync(f) || console.log(`skipped: no ${f}`));
  const engine = await createEngine();
  const machine = presets.get(DEFAULT_MACHINE)!;
  const rows = [];
  for (const file of files) {
    const bytes = readFileSync(file);
    const clock = async <T>(work: () => Promise<T>): Promise<readonly [T, number]> => {
      const start = performance.now();
      const value = await work();
      return [value, performance.now() - start];
    };
    const [compiled, compileMs] = await clock(() => compileModel(readModel(bytes), { machine, engine }));
    const { program } = compiled;
    const [timing, timingMs] = await clock(() => executeProgram(program, { data: false }));
    await executeProgram(program, { data: false });
    const [, warmMs] = await clock(() => executeProgram(program, { data: false }));
    const feeds = new Map(program.inputs.map((slot, i) => [slot.name, randomInput(slot, 1, i)]));
    const [run, dataMs] = await clock(() => executeProgram(program, { data: true, feeds, engine: async () => engine }));
    const [session, sessionMs] = await clock(() => engine.load(compiled.model));
    const [reference, hostMs] = await clock(() => session.run(feeds));
    await session.release();
    const check = compareOutputs(run.outputs, reference, engine.kind, compiled.model.graph);
    const { cycles, total, dynamicInstructions } = timing.result;
    rows.push({
      model: basename(file),
      cycles,
      'MACs/cycle': (total.macs / cycles).toFixed(1),
      'compile ms': compileMs.toFixed(0),
      '÷ ORT session': (compileMs / sessionMs).toFixed(1),
      'timing ms': timingMs.toFixed(0),
      'Mcycles/s': (cycles / timingMs / 1e3).toFixed(0),
      'Minstr/s': (dynamicInstructions / timingMs / 1e3).toFixed(2),
      'warm Mcycles/s': (cycles / warmMs / 1e3).toFixed(0),
      'warm Minstr/s': (dynamicInstructions / warmMs / 1e3).toFixed(2),
      'data ms': dataMs.toFixed(0),
      'GMAC/s': (total.macs / dataMs / 1e6).toFixed(2),
      '÷ ORT run': (dataMs / hostMs).toFixed(0),
      check: check.ok ? 'ok' : 'FAILED',
      'RSS MB': (process.memoryUsage().rss / 2 ** 20).toFixed(0),
    });
  }
  console.table(rows);
}
