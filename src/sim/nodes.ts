/** Which layer, and so which graph node, an instruction belongs to; from the ranges that lowering leaves in the program. */
import type { Place } from '#base';
import type { LayerPlan } from '#isa';

export class Nodes {
  readonly #layers: readonly LayerPlan[];
  readonly #index: Int32Array;
  readonly #core: number | undefined;

  constructor(layers: readonly LayerPlan[], words: number, core?: number) {
    this.#layers = layers;
    this.#core = core;
    this.#index = new Int32Array(words).fill(-1);
    layers.forEach((layer, i) => {
      this.#index.fill(i, Math.max(0, layer.from), Math.min(words, layer.to));
    });
  }

  /** Position of the layer in the program, −1 outside all. */
  layer(pc: number): number {
    return this.#index[pc] ?? -1;
  }

  /** The main node of the layer; the layer's own name where it has no node (hand-written programs). */
  name(pc: number): string | undefined {
    const layer = this.#layers[this.layer(pc)];
    return layer?.nodes[0] ?? layer?.name;
  }

  place(pc: number, cycle: number): Place {
    const node = this.name(pc);
    const core = this.#core;
    return {
      instruction: pc,
      cycle,
      ...(node === undefined ? {} : { node }),
      ...(core === undefined ? {} : { core }),
    };
  }

  /** The same for one of several cores, which places then name. */
  ofCore(core: number): Nodes {
    return new Nodes(this.#layers, this.#index.length, core);
  }

  /** `instruction 12 (node 'conv1')`. */
  text(pc: number): string {
    const node = this.name(pc);
    return node === undefined ? `instruction ${pc}` : `instruction ${pc} (node '${node}')`;
  }

  textZh(pc: number): string {
    const node = this.name(pc);
    return node === undefined ? `第 ${pc} 条指令` : `第 ${pc} 条指令（节点“${node}”）`;
  }
}
