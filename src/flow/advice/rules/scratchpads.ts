/**
 * Scratchpads in which layers with cycles beyond their bound work: larger ones. A rule for each of them. Sizes of tiles are discrete, so that a
 * memory may limit a layer though much of it stays untouched; what would not have needed a tile twice as large is left out.
 */
import { cyclesOf, indicesOf } from '../estimate.ts';
import { NAMES, resized } from '../hardware.ts';
import type { Facts, LayerFacts, Rule, Scratchpad } from '../rule.ts';
import { both, bytesText, cyclesText, layersText, percent } from '../words.ts';

type Beyond = (layer: LayerFacts) => number;

/** Cycles of a layer that its bound would not take: what tiles of other sizes may save. */
const beyondBound: Beyond = ({ run, bound }) => Math.max(0, run.cycles - bound.cycles);

/** Or that its computation alone would not take: values that stay on the chip are neither stored nor loaded. */
const beyondComputation: Beyond = (layer) =>
  Math.max(beyondBound(layer), layer.run.cycles - Math.max(layer.time.matrix, layer.time.vector));

/** Bytes that it moved beyond the least, weights for the layer behind it left out. */
const movedAgain = ({ plan, run }: LayerFacts): number =>
  Math.max(0, run.readBytes - (plan.ahead ?? 0) - plan.inputBytes - plan.weightBytes) +
  Math.max(0, run.writeBytes - plan.outputBytes);

interface Member {
  readonly name: string;
  readonly memory: Scratchpad;
  /** Share of it that a layer must touch. */
  readonly least: number;
  readonly beyond: Beyond;
  readonly factors: readonly number[];
  /** What more of it is good for. */
  readonly holds: readonly [en: string, zh: string];
  readonly source: string;
}

function capacityRule({ name, memory, least, beyond, factors, holds, source }: Member): Rule {
  const { en, zh } = NAMES[memory];
  const touching =
    least === 0
      ? both('layers', '层')
      : both(`layers that touch ${percent(least)} of ${en} or more`, `用到 ${zh} ${percent(least)} 以上的层`);
  return {
    name,
    kind: 'time',
    title: both(`more ${memory === 'aram' ? 'accumulators' : en}`, `更大的 ${zh}`),
    looksAt: both(
      `${touching.en}, their cycles beyond their bounds${beyond === beyondBound ? '' : ' or what their computation alone takes'}, and the bytes they move beyond the least`,
      `${touching.zh}、超出其下界${beyond === beyondBound ? '' : '或单纯计算所需'}的周期，以及超出最少量的访存字节`,
    ),
    proposes: both(
      `${factors.map((f) => `${f} times`).join(', ')} the bytes, the smallest that does: ${holds[0]}`,
      `容量为原来的 ${factors.join('、')} 倍，取够用的最小者：${holds[1]}`,
    ),
    source,
    propose(facts) {
      const bytes = facts.capacity[memory];
      const layers = facts.layers
        .filter((l) => bytes > 0 && l.touched[memory] >= least * bytes && beyond(l) > 0)
        .sort((a, b) => beyond(b) - beyond(a));
      const [worst] = layers;
      if (worst === undefined) return [];
      const over = layers.reduce((n, l) => n + beyond(l), 0);
      const again = layers.reduce((n, l) => n + movedAgain(l), 0);
      return factors.map((factor, i) => ({
        ...{ finding: found(facts, layers, memory, beyond), layers: indicesOf(layers) },
        figures: {
          capacityBytes: bytes,
          touchedBytes: worst.touched[memory],
          layers: layers.length,
          layersCycles: cyclesOf(layers),
          beyondCycles: over,
          movedAgainBytes: again,
        },
        proposal: both(
          `${en} of ${bytesText(bytes * factor)} instead of ${bytesText(bytes)}`,
          `${zh} 由 ${bytesText(bytes)} 增至 ${bytesText(bytes * factor)}`,
        ),
        change: { fields: resized(facts.machine, memory, factor) },
        // The smallest first.
        estimate: over / 2 ** (i + 1),
      }));
    },
  };
}

function found(facts: Facts, layers: readonly LayerFacts[], memory: Scratchpad, beyond: Beyond): Rule['title'] {
  const by =
    beyond === beyondBound ? both('their bounds', '其下界') : both('their bounds or their computation', '其下界或计算');
  const { en, zh } = NAMES[memory];
  const worst = layers[0]!;
  const of = layersText(facts, layers);
  const full = percent(worst.touched[memory] / facts.capacity[memory]);
  const over = layers.reduce((n, l) => n + beyond(l), 0);
  const [most, share] = [cyclesText(beyond(worst)), percent(over / facts.result.cycles)];
  const again = bytesText(layers.reduce((n, l) => n + movedAgain(l), 0));
  return both(
    `with ${bytesText(facts.capacity[memory])} of ${en}, ${of.en} take ${cyclesText(over)} cycles (${share}) beyond ${by.en}; layer ${worst.plan.index + 1} touches ${full} of it and takes ${most} of them; ${again} are moved more than once`,
    `在 ${bytesText(facts.capacity[memory])} 的 ${zh} 下，${of.zh} 超出${by.zh} ${cyclesText(over)} 周期（${share}）；第 ${worst.plan.index + 1} 层用到其 ${full}，占其中 ${most} 周期；重复搬运 ${again}`,
  );
}

export const wramCapacity = capacityRule({
  name: 'wram-capacity',
  memory: 'wram',
  least: 0.25,
  beyond: beyondBound,
  factors: [2, 4],
  holds: [
    'weights stay while pixels pass, and the next ones come early',
    '像素流过时权重可驻留，且下一批权重可提前到达',
  ],
  source:
    'on-chip storage against DRAM traffic (Chen et al., DianNao, ASPLOS 2014, section 3; Yang et al., Interstellar, ASPLOS 2020)',
});

export const nramCapacity = capacityRule({
  name: 'nram-capacity',
  memory: 'nram',
  least: 0.25,
  beyond: beyondComputation,
  factors: [2, 4, 8],
  holds: ['larger tiles, fewer halos, values that stay between layers', '更大的分块、更少的重叠区、层间可驻留的数值'],
  source: 'fusing layers on chip (Alwani et al., Fused-Layer CNN Accelerators, MICRO 2016)',
});

export const accumulatorCapacity = capacityRule({
  name: 'accumulator-capacity',
  memory: 'aram',
  least: 0,
  beyond: beyondBound,
  factors: [2, 4],
  holds: ['more pixels for each block of weights', '每块权重可服务更多像素'],
  source: 'accumulators decide how often weights are loaded (Jouppi et al., TPU, ISCA 2017, section 2)',
});

export const sharedCapacity = capacityRule({
  name: 'shared-capacity',
  memory: 'shared',
  least: 0,
  beyond: beyondComputation,
  factors: [2, 4],
  holds: ['more values stay on the chip between layers', '更多数值可在层间驻留片上'],
  source: 'fusing layers on chip (Alwani et al., Fused-Layer CNN Accelerators, MICRO 2016)',
});
