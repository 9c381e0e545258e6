/** 3 × 3 convolutions that the matrix unit limits, on a machine without a Winograd unit, or with one that its semaphores leave idle. */
import { type GraphNode, intAttribute, intsAttribute, type Model, staticShape, typeOf } from '#ir';
import { WINOGRAD_SEMAPHORES } from '#lower';
import { coresOf, filtersOf, type Machine, semaphoresOf } from '#machine';
import { cyclesOf, indicesOf, wouldSave } from '../estimate.ts';
import type { Fields } from '../hardware.ts';
import type { LayerFacts, Rule } from '../rule.ts';
import { both, layersText, percent } from '../words.ts';

/** Multiplications of F(2×2, 3×3) against nine an output: 16 for 4 outputs. F(4×4) takes fewer, where it is chosen. */
const FEWER = 16 / 36;
/** Share of the multiplications that must be of such convolutions. */
const LEAST = 0.2;
/** As many as registers of semaphores can name. */
const SEMAPHORES = 32;
/** Its transforms are mostly additions: those of f32 take 0.9 pJ where a multiply-accumulate takes 4.6 (Horowitz, ISSCC 2014). */
const ADDITION = 0.9 / 4.6;

/** Whether Winograd's algorithms are for a node: 3 × 3 at stride 1, constant weights of float32. */
function isThreeByThree(node: GraphNode, { graph }: Model): boolean {
  if (node.op !== 'Conv' || intAttribute(node, 'group', 1) !== 1) return false;
  const weights = graph.constants.get(node.inputs[1] ?? '');
  const [kernel, result] = [weights?.dims.slice(2), staticShape(typeOf(graph, node.outputs[0]!))];
  const all = (name: string): boolean => (intsAttribute(node, name) ?? []).every((n) => n === 1);
  return (
    weights?.dtype === 'float32' &&
    kernel?.length === 2 &&
    kernel.every((n) => n === 3) &&
    all('strides') &&
    all('dilations') &&
    result !== undefined
  );
}

function unitOf({ matrix, energy }: Machine): Fields {
  return [
    // Transforms keep up with a group of filters: the times of the textbook's extended machine.
    { path: 'winograd.lanes', value: Math.max(16, Math.min(256, filtersOf(matrix))) },
    { path: 'winograd.tileCycles.f2', value: 4 },
    { path: 'winograd.tileCycles.f4', value: 6 },
    { path: 'winograd.pipelineCycles', value: 0 },
    ...(energy === undefined
      ? []
      : [{ path: 'energy.winograd', value: Number((energy.mac * ADDITION).toPrecision(3)) }]),
  ];
}

export const winogradUnit: Rule = {
  name: 'winograd-unit',
  kind: 'time',
  title: both('a Winograd unit', 'Winograd 单元'),
  looksAt: both(
    `3 × 3 convolutions of float32 at stride 1 that the matrix unit limits, from ${percent(LEAST)} of the multiplications on, on a machine of one core that has no Winograd unit, or too few semaphores (${WINOGRAD_SEMAPHORES}) for it`,
    `受矩阵单元限制、步长为 1 的 float32 3 × 3 卷积，占乘法的 ${percent(LEAST)} 以上，且机器为单核、没有 Winograd 单元或信号量不足 ${WINOGRAD_SEMAPHORES} 个`,
  ),
  proposes: both(
    'a transform unit of 16 lanes or as many as the matrix unit has filters, with F(2×2, 3×3) and F(4×4, 3×3), and the semaphores that its nests need',
    '一个具有 16 条或与矩阵单元滤波器数相同通道的变换单元，支持 F(2×2, 3×3) 与 F(4×4, 3×3)，以及所需的信号量',
  ),
  source: 'Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016',
  propose(facts) {
    const { machine, optimized, options } = facts;
    const semaphores = semaphoresOf(machine);
    const isThere = machine.winograd !== undefined;
    if (coresOf(machine) > 1 || options.winograd === 'off') return [];
    if (isThere && semaphores >= WINOGRAD_SEMAPHORES) return [];
    const nodes = new Set(optimized.graph.nodes.filter((n) => isThreeByThree(n, optimized)).map((n) => n.name));
    const macs = (layers: readonly LayerFacts[]): number => layers.reduce((n, l) => n + l.plan.macs, 0);
    // A layer of two convolutions is one already: a depthwise one and what follows.
    const layers = facts.layers
      .filter((l) => l.limit === 'matrix' && l.plan.nodes.some((n) => nodes.has(n)))
      .sort((a, b) => b.run.cycles - a.run.cycles);
    const share = macs(facts.layers) === 0 ? 0 : macs(layers) / macs(facts.layers);
    if (share < LEAST) return [];
    const of = layersText(facts, layers);
    return [
      {
        finding: both(
          `3 × 3 convolutions at stride 1 are ${percent(share)} of the multiplications, and the matrix unit limits ${of.en}; ${isThere ? `the Winograd unit is idle, since its nests need ${WINOGRAD_SEMAPHORES} semaphores and there are ${semaphores}` : 'there is no Winograd unit'}`,
          `步长为 1 的 3 × 3 卷积占乘法的 ${percent(share)}，且矩阵单元限制了 ${of.zh}；${isThere ? `Winograd 单元空闲：其嵌套循环需要 ${WINOGRAD_SEMAPHORES} 个信号量，而现有 ${semaphores} 个` : '机器没有 Winograd 单元'}`,
        ),
        figures: {
          convolutionLayers: layers.length,
          convolutionMacsShare: share,
          convolutionCycles: cyclesOf(layers),
          semaphores,
        },
        layers: indicesOf(layers),
        proposal: isThere
          ? both(
              `${SEMAPHORES} semaphores, which the Winograd unit needs`,
              `${SEMAPHORES} 个信号量，供 Winograd 单元使用`,
            )
          : both('a Winograd transform unit', '增加 Winograd 变换单元'),
        change: {
          fields: [
            ...(semaphores >= WINOGRAD_SEMAPHORES ? [] : [{ path: 'control.semaphores', value: SEMAPHORES }]),
            ...(isThere ? [] : unitOf(machine)),
          ],
        },
        estimate: wouldSave(layers, { matrix: FEWER }),
      },
    ];
  },
};
