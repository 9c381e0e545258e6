/**
 * The statement that every compiled program is held to: on the processor, with hazards watched, it gives what the host
 * engine gives for the imported model (of a quantised one: for the integers that the passes make of it); counting time alone takes the same cycles and does the same work; every unit is busy as
 * long as was predicted; no run is faster than the physical bound, and no layer busier than its unit; the layers together need the MACs of all
 * nodes; and every layer names nodes of the model.
 */
import { sharedEngine } from '#engine';
import { type Compiled, type CompileOptions, compareOutputs, compileModel, executeProgram, runOnHost } from '#flow';
import type { Model, Tensor } from '#ir';
import type { Machine } from '#machine';
import { nodeWork } from '#ops';
import { assertAbovePhysicalBound, type LayerReport, layerReports } from '#report';
import { predictionFaults } from './predictionFaults.ts';

export interface CompiledRun {
  readonly compiled: Compiled;
  /** What is wrong, one line each; empty if nothing is. */
  readonly faults: readonly string[];
  readonly outputs: ReadonlyMap<string, Tensor>;
  readonly cycles: number;
}

interface RunOptions extends Omit<Partial<CompileOptions>, 'machine' | 'engine'> {
  /** Errors up to this are rounding: for random values of the order of 1, whose sums may cancel to almost nothing. */
  readonly rounding?: number;
}

/** Runs a model on the processor and on the host. Errors of the compiler or simulator are faults, too. */
export async function runCompiled(
  model: Model,
  machine: Machine,
  feeds: ReadonlyMap<string, Tensor>,
  { rounding = 0, ...options }: RunOptions = {},
): Promise<CompiledRun> {
  const engine = await sharedEngine();
  const compiled = await compileModel(model, { machine, engine, ...options });
  const host = await runOnHost(compiled.reference, feeds, engine);
  const run = { data: true, hazards: true, feeds, engine: async () => engine } as const;
  const { result, outputs } = await executeProgram(compiled.program, run);
  const check = compareOutputs(outputs, host, engine.kind, compiled.reference.graph);
  const faults = check.outputs
    .filter((o) => !o.ok && o.maxAbs > rounding)
    .map((o) => `output ${o.name}: ${o.wrong} of ${o.elements} elements wrong, up to ${o.maxAbs}`);
  assertAbovePhysicalBound(compiled.program, result);
  faults.push(...layerFaults(compiled, layerReports(compiled.program, result)));
  const needed = compiled.optimized.graph.nodes.reduce((n, node) => n + nodeWork(compiled.optimized, node).macs, 0);
  const claimed = compiled.program.layers.reduce((n, layer) => n + layer.macs, 0);
  if (claimed !== needed) faults.push(`the layers need ${claimed} MACs, the nodes ${needed}`);
  const timing = await executeProgram(compiled.program, { data: false });
  if (timing.result.cycles !== result.cycles)
    faults.push(`${timing.result.cycles} cycles when only time is counted, ${result.cycles} with data`);
  if (JSON.stringify(timing.result.layers) !== JSON.stringify(result.layers))
    faults.push('layers do other work when only time is counted than with data');
  const controlled = [...result.layers, result.rest].reduce((n, layer) => n + layer.instructions, 0);
  if (controlled !== result.dynamicInstructions)
    faults.push(`layers executed ${controlled} instructions, the run ${result.dynamicInstructions}`);
  faults.push(...predictionFaults(compiled.program, timing.result));
  return { compiled, faults, outputs, cycles: result.cycles };
}

function layerFaults({ model }: Compiled, layers: readonly LayerReport[]): string[] {
  const nodes = new Set(model.graph.nodes.map((n) => n.name));
  const names = new Set(layers.map((l) => l.name));
  const faults = names.size === layers.length ? [] : [`layers share names: ${layers.map((l) => l.name).join(', ')}`];
  for (const layer of layers) {
    const { name, utilisation } = layer;
    if (utilisation !== null && !(utilisation >= 0 && utilisation <= 1))
      faults.push(`layer ${name} uses ${100 * utilisation} % of its unit`);
    // An input or constant that is handed through as an output is copied by no node.
    const handedThrough = layer.where === 'dma' && layer.op === 'Identity';
    if (layer.nodes.length === 0 && !handedThrough) faults.push(`layer ${name} (${layer.op}) names no node`);
    for (const node of layer.nodes)
      if (!nodes.has(node)) faults.push(`layer ${name} names '${node}', not in the model`);
  }
  return faults;
}
