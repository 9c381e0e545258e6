/** What layers of the network take on a device, at as many samples as a pass has: given figures, the bound of a machine, or a simulated forward pass. */
import { createEngine, type Engine } from '#engine';
import { bindSizes, compileModel, executeProgram } from '#flow';
import type { Model } from '#ir';
import type { Machine } from '#machine';
import { pipeline, runPasses } from '#passes';
import { type Device, measuredRatios, type PricedNetwork, SUMMARY_PASSES, trainingNetwork } from '#report';
import type { Console } from '../console.ts';
import { inModel, sizesGiven } from '../model.ts';

export interface Pricing {
  readonly device: Device;
  /** To simulate forward passes on; absent: bounds count. */
  readonly machine?: Machine;
  readonly dim?: Readonly<Record<string, number>>;
}

/** Mutable: networks at the batch sizes that strategies ask for, each made once. */
export class Pricer {
  readonly #made = new Map<number, Promise<PricedNetwork>>();
  readonly #engine: Promise<Engine>;
  readonly #name: string;
  readonly #model: Model;
  readonly #pricing: Pricing;
  readonly #console: Console;

  constructor(name: string, model: Model, pricing: Pricing, console: Console) {
    this.#name = name;
    this.#model = model;
    this.#pricing = pricing;
    this.#console = console;
    this.#engine = createEngine({ onNotice: console.notice });
  }

  at(samples: number): Promise<PricedNetwork> {
    const made = this.#made.get(samples) ?? inModel(this.#name, () => this.#make(samples));
    this.#made.set(samples, made);
    return made;
  }

  async #make(samples: number): Promise<PricedNetwork> {
    const { device, machine, dim } = this.#pricing;
    const sizes = sizesGiven(this.#name, { ...(dim === undefined ? {} : { dim }), batch: samples });
    const engine = await this.#engine;
    const bound = bindSizes(this.#model, sizes);
    const steps = pipeline.filter(({ pass }) => SUMMARY_PASSES.has(pass.name));
    const { model } = await runPasses(bound.model, { engine, declared: bound.declared, steps });
    const network = trainingNetwork(model, this.#name, this.#model);
    if (machine === undefined) return { network, device, samples, ratios: network.layers.map(() => 1) };
    const { progress } = this.#console;
    const t = this.#console.text.bind(this.#console);
    progress.begin(t({ en: 'compiling', zh: '编译' }));
    const { program } = await compileModel(this.#model, {
      ...{ ...sizes, machine, engine },
      onProgress: (done, total) =>
        progress.update(() =>
          t({ en: `compiling ${samples} samples ${done}/${total}`, zh: `编译 ${samples} 个样本 ${done}/${total}` }),
        ),
    });
    progress.begin(t({ en: `simulating ${samples} samples`, zh: `仿真 ${samples} 个样本` }));
    const { result } = await executeProgram(program, { data: false });
    progress.clear();
    const cycles = result.layers.map((l) => l.cycles);
    return { network, device, samples, ratios: measuredRatios(network, device, program, cycles) };
  }
}
