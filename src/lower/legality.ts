/** Whether a schedule that a caller chose may be lowered: what it cuts may be cut, and its tiles fit. */
import { diagnostic } from '#base';
import { accumulatorEntries, filtersOf, type Machine } from '#machine';
import {
  buildContraction,
  type Contraction,
  fitsContraction,
  sumsOf,
  type Tiling,
  typesOfContraction,
} from './contraction.ts';

const tooLarge = diagnostic<{
  layer: string;
  machine: string;
  nram: number;
  nramHas: number;
  wram: number;
  wramHas: number;
  sums: number;
  sumsHas: number;
}>('SYS-LOWER-105', 'usage', {
  en: (p) =>
    `the schedule of '${p.layer}' does not fit ${p.machine}: its buffers take ${p.nram} of ${p.nramHas} bytes of NRAM and ${p.wram} of ` +
    `${p.wramHas} bytes of WRAM, its sums ${p.sums} of ${p.sumsHas} entries of the accumulators, where they are kept. Choose smaller ` +
    'tiles (fitsContraction tells), or return undefined, and the layer runs on the host.',
  zh: (p) =>
    `“${p.layer}”的调度在 ${p.machine} 上放不下：缓冲区占 NRAM ${p.nram}/${p.nramHas} 字节、WRAM ${p.wram}/${p.wramHas} 字节，` +
    `需保留的部分和占累加器 ${p.sums}/${p.sumsHas} 项。请选更小的块（可用 fitsContraction 判断），或返回 undefined 使该层在主机上运行。`,
});

const badTile = diagnostic<{ layer: string; dim: string; tile: number; total: number }>('SYS-LOWER-106', 'usage', {
  en: (p) =>
    `the schedule of '${p.layer}' has a tile of ${p.dim} of ${p.tile}, expected a whole number from 1 to ${p.total}, its size in the layer.`,
  zh: (p) => `“${p.layer}”的调度中 ${p.dim} 的块为 ${p.tile}，应为 1 到 ${p.total}（该层中的大小）的整数。`,
});

const samplesOfPieces = diagnostic<{ layer: string; samples: number }>('SYS-LOWER-107', 'usage', {
  en: (p) =>
    `the schedule of '${p.layer}' has ${p.samples} samples in a tile of maps that are cut. Several samples share a tile where y and x are ` +
    'whole: cut b to 1, or neither y nor x.',
  zh: (p) =>
    `“${p.layer}”的调度在被切开的特征图的一块中放了 ${p.samples} 个样本。仅当 y、x 完整时一块可含多个样本：请将 b 切为 1，或不切 y 与 x。`,
});

const dealtReduction = diagnostic<{ layer: string; dim: string }>('SYS-LOWER-108', 'usage', {
  en: (p) =>
    `the schedule of '${p.layer}' deals ${p.dim} to several cores, but it is summed over: that would leave partial sums that nobody adds. ` +
    'Deal b, y, x, n or an outer loop.',
  zh: (p) =>
    `“${p.layer}”的调度把 ${p.dim} 分给多个核，但它是求和下标：会留下无人相加的部分和。请分配 b、y、x、n 或外层循环。`,
});

const noLoop = diagnostic<{ layer: string; dim: string; known: readonly string[] }>('SYS-LOWER-109', 'usage', {
  en: (p) =>
    `the schedule of '${p.layer}' deals a loop '${p.dim}' that is not there; the loops are ${p.known.join(', ')}.`,
  zh: (p) => `“${p.layer}”的调度要分配的循环“${p.dim}”不存在；循环有 ${p.known.join('、')}。`,
});

const cutUnfolded = diagnostic<{ layer: string; tile: number; total: number }>('SYS-LOWER-111', 'usage', {
  en: (p) =>
    `the schedule of '${p.layer}', a convolution by im2col, has a tile of c of ${p.tile}: the ${p.total} elements of a pixel that are unfolded come in one ` +
    "block. Leave c whole and cut ky, or compile with convolution 'direct'.",
  zh: (p) =>
    `“${p.layer}”以 im2col 做卷积，其调度中 c 的块为 ${p.tile}：一个像素展开后的 ${p.total} 个元素须在同一块中。` +
    "请保持 c 完整而切分 ky，或以 convolution 'direct' 编译。",
});

/**
 * Holds a chosen tiling against the dependences of a contraction and the memories of a machine.
 * @throws SYS-LOWER-106 to 109 and 111 it cuts what may not be cut; SYS-LOWER-105 it does not fit
 */
export function checkTiling(k: Contraction, t: Tiling, machine: Machine): void {
  const layer = k.name;
  const { a: type } = typesOfContraction(k);
  const filters = filtersOf(machine.matrix, type);
  const totals = { b: k.b.total, y: k.y.total, x: k.x.total, n: k.n.total, c: k.c.total, ky: k.y.kernel };
  for (const [dim, total] of Object.entries(totals)) {
    const tile = t[dim as keyof typeof totals];
    // The search takes filters by the unit's width, and so may a caller.
    const most = dim === 'n' ? Math.ceil(total / filters) * filters : total;
    if (!(Number.isInteger(tile) && tile >= 1 && tile <= most)) throw badTile({ layer, dim, tile, total });
  }
  if (t.b > 1 && (t.y < k.y.total || t.x < k.x.total)) throw samplesOfPieces({ layer, samples: t.b });
  const parallel = [...k.outer.map((_, i) => `o${i}`), 'b', 'y', 'x', 'n'];
  for (const { loop: dim } of t.deals ?? []) {
    if (dim === 'c' || dim === 'ky') throw dealtReduction({ layer, dim });
    if (!parallel.includes(dim)) throw noLoop({ layer, dim, known: parallel });
  }
  if (k.unfold !== undefined && t.c < k.c.total) throw cutUnfolded({ layer, tile: t.c, total: k.c.total });
  if (fitsContraction(k, t, machine)) return;
  const { nramBytes, wramBytes } = buildContraction(k, t, machine, 0);
  throw tooLarge({
    ...{ layer, machine: machine.name, nram: nramBytes, nramHas: machine.nram.bytes },
    ...{ wram: wramBytes, wramHas: machine.wram.bytes },
    sums: sumsOf(k, t, machine),
    sumsHas: accumulatorEntries(machine.matrix, type),
  });
}
