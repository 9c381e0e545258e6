/**
 * The tour: the whole system once, on one small network, in seconds. `node.test.ts` runs it in Node and
 * `browser.test.ts` the same sources in Chromium; both must give the same result, so it holds plain data only.
 * Convention: browser-safe, as the layers it walks through; what differs between hosts is handed in.
 */
import { createEngine, type EngineOptions } from '#engine';
import { compareOutputs, compileModel, executeProgram } from '#flow';
import { parseModel, printModel, tensorNumbers } from '#ir';
import { disassembleProgram, readProgram, writeProgram } from '#isa';
import { presets } from '#machine';
import { readModel, writeModel } from '#onnx';
import { runPasses } from '#passes';
import { BATCH, tourInput, tourModel } from './network.ts';

/** Plain data: a test compares it as JSON, number by number. */
export interface TourResult {
  /** Bytes of the exported `.onnx`. */
  readonly onnxBytes: number;
  /** The imported model's text. */
  readonly text: string;
  /** Whether the text parses back to a model that prints the same. */
  readonly textRoundTrip: boolean;
  /** What the passes left. */
  readonly optimized: string;
  /** The host engine's answer, on the model as imported and as optimised. */
  readonly host: readonly number[];
  readonly hostOptimized: readonly number[];
  /** On each preset machine: the program, its time, its answer and the check against the host. */
  readonly machines: readonly MachineResult[];
}

export interface MachineResult {
  readonly machine: string;
  readonly listing: string;
  /** Bytes of the `.dlp` file; the run is made from what was read back from it. */
  readonly dlpBytes: number;
  readonly cycles: number;
  /** Counting time alone. */
  readonly timingOnlyCycles: number;
  readonly scores: readonly number[];
  readonly ok: boolean;
  readonly layers: readonly { readonly name: string; readonly where: string; readonly cycles: number }[];
}

/** @param options how a page serves the host engine's WASM file; nothing in Node */
export async function runTour(options: EngineOptions = {}): Promise<TourResult> {
  const onnx = writeModel(tourModel());
  const imported = readModel(onnx);
  const text = printModel(imported);
  const { model: optimized } = await runPasses(imported, { dims: { N: BATCH } });

  const engine = await createEngine(options);
  const answers: number[][] = [];
  for (const model of [imported, optimized]) {
    const session = await engine.load(model);
    const outputs = await session.run(new Map([['pixels', tourInput()]]));
    answers.push([...tensorNumbers(outputs.get('scores')!)]);
    await session.release();
  }

  const machines: MachineResult[] = [];
  const feeds = new Map([['pixels', tourInput()]]);
  for (const machine of presets.values()) {
    // Sums of whole numbers are exact; Winograd's transforms round.
    const compiled = await compileModel(imported, { machine, engine, dims: { N: BATCH }, winograd: 'off' });
    const file = writeProgram(compiled.program);
    const program = readProgram(file);
    const { result, outputs } = await executeProgram(program, { data: true, feeds });
    const timing = await executeProgram(program, { data: false });
    const session = await engine.load(compiled.model);
    const check = compareOutputs(outputs, await session.run(feeds), engine.kind, compiled.model.graph);
    await session.release();
    machines.push({
      machine: machine.name,
      listing: disassembleProgram(program).text,
      dlpBytes: file.length,
      cycles: result.cycles,
      timingOnlyCycles: timing.result.cycles,
      scores: [...tensorNumbers(outputs.get('scores')!)],
      ok: check.ok,
      layers: program.layers.map((l, i) => ({ name: l.name, where: l.where, cycles: result.layers[i]!.cycles })),
    });
  }

  return {
    onnxBytes: onnx.length,
    text,
    textRoundTrip: printModel(parseModel(text)) === text,
    optimized: printModel(optimized),
    host: answers[0]!,
    hostOptimized: answers[1]!,
    machines,
  };
}
