/** Convolutions by the Winograd unit, where that is predicted to be faster than the contraction, or was asked for. */
import type { GraphNode } from '#ir';
import type { WinogradTile } from '#isa';
import type { Contraction } from '../contraction.ts';
import type { Emitted, Job, Planner, Prepared } from '../planner.ts';
import { planLoops } from '../stream.ts';
import type { View } from '../views.ts';
import { lacksWinograd, otherShape } from '../winograd/applies.ts';
import type { WinogradTiling } from '../winograd/build.ts';
import { emitWinograd } from '../winograd/emit.ts';
import { winogradPlan } from '../winograd/error.ts';
import { predictWinograd } from '../winograd/predict.ts';
import { rankWinograd, tilesOfUnit } from '../winograd/search.ts';
import { packedWinograd, winogradBytes } from '../winograd/weights.ts';
import type { Chain } from './epilogue.ts';
import { chooseContraction, cyclesApart, type Planned } from './jobs.ts';

interface Fast {
  readonly chain: Chain;
  readonly planned: Planned;
  readonly tiling: WinogradTiling;
  readonly cycles: number;
}

/**
 * Makes the job of a convolution on the Winograd unit; says whether it did.
 * @param reads views that the convolution reads, apart from operands of the chain
 * @param plan undefined where a chain cannot be had
 */
export function winogradJob(
  p: Planner,
  node: GraphNode,
  chains: readonly Chain[],
  reads: readonly View[],
  plan: (chain: Chain) => Planned | undefined,
): boolean {
  if (p.winograd === 'off' || lacksWinograd(p.machine) !== undefined) return false;
  const known = tilesOfUnit(p.machine);
  const tiles = p.winograd === 'auto' ? known : known.filter((tile) => tile === p.winograd);
  const fast = fastest(p, chains, plan, tiles);
  if (fast === undefined) return false;
  const direct = chooseContraction(p, chains, plan);
  if (p.winograd === 'auto' && direct !== undefined && direct.cycles <= fast.cycles) return false;
  job(p, node, fast, reads);
  return true;
}

/** Convolutions of one group are one contraction. */
const contractionOf = ({ variants }: Planned): Contraction => variants[0]!.contraction();

function fastest(
  p: Planner,
  chains: readonly Chain[],
  plan: (chain: Chain) => Planned | undefined,
  tiles: readonly WinogradTile[],
): Fast | undefined {
  let best: Fast | undefined;
  for (const chain of chains) {
    const planned = plan(chain);
    if (planned === undefined) continue;
    const k = contractionOf(planned);
    if (otherShape(k) !== undefined) continue;
    const apart = cyclesApart(p, chains, chain, planned);
    for (const tile of tiles) {
      const found = rankWinograd(k, tile, p.machine)[0];
      if (found === undefined || (best !== undefined && found.cycles + apart >= best.cycles)) continue;
      best = { chain, planned, tiling: found.tiling, cycles: found.cycles + apart };
    }
  }
  return best;
}

function job(p: Planner, node: GraphNode, { chain, planned, tiling }: Fast, reads: readonly View[]): void {
  for (const n of chain.nodes) p.fuse(n);
  const nodes = [node, ...chain.nodes];
  const made: Job = {
    nodes,
    op: nodes.map((n) => n.op).join('+'),
    where: 'matrix',
    reads: [...reads, ...chain.operands],
    writes: [planned.writes],
    macs: p.macs(nodes),
    vectorOps: chain.nodes.length === 0 ? 0 : p.vectorOps(chain.nodes),
    packedBytes: winogradBytes(contractionOf(planned), tiling),
    predict: (machine) => {
      // Transforms walk tiles of their own.
      if ([...made.reads, ...made.writes].some((v) => v.buffer.home === 'nram')) return undefined;
      return rankWinograd(contractionOf(planned), tiling.tile, machine)[0]?.cycles;
    },
    prepare: (place, machine): Prepared => {
      const k = contractionOf(planned);
      const { tiling: found } = rankWinograd(k, tiling.tile, machine)[0]!;
      made.packedBytes = winogradBytes(k, found);
      const address = place(made.packedBytes);
      const segment = packedWinograd(k, found, machine, address);
      const buffer = p.buffer(segment.name, made.packedBytes, true);
      buffer.address = address;
      buffer.first = buffer.last = p.jobs.length;
      p.contents.set(buffer, segment.data);
      return {
        mayLoadAhead: false,
        emit: (e): Emitted => {
          const built = emitWinograd(e, k, found, machine, address);
          return {
            loops: planLoops(built.loops),
            predicted: predictWinograd(k, found, machine, built),
            winograd: winogradPlan(k, found, machine),
          };
        },
      };
    },
  };
  p.job(made);
}
