/** The convolution that a layer's tiling is of: one group of it; a product is a convolution whose window is one element. */
import { diagnostic } from '#base';
import type { AnalyticLayer } from '../analytic/layers.ts';
import type { Convolution, Tile } from './nest.ts';

const notTiled = diagnostic<{ layer: string; why: 'batch' | 'dilation'; found: string }>(
  'SYS-REPORT-011',
  'unsupported',
  {
    en: (p) =>
      `layer '${p.layer}' has ${p.why === 'batch' ? `${p.found} planes, one for each sample or depth` : `a dilation (its window spans ${p.found})`}, ` +
      `which the loop nests do not have. ${p.why === 'batch' ? 'Take one sample (--batch 1).' : 'Take another layer.'}`,
    zh: (p) =>
      `层“${p.layer}”${p.why === 'batch' ? `有 ${p.found} 个平面（每个样本或深度一个）` : `带有空洞（窗口跨度为 ${p.found}）`}，循环嵌套不支持。` +
      (p.why === 'batch' ? '请取一个样本（--batch 1）。' : '请换一层。'),
  },
);

export interface TiledLayer {
  readonly name: string;
  readonly groups: number;
  /** Of one group. */
  readonly convolution: Convolution;
}

/** @throws SYS-REPORT-011 several planes, or dilation */
export function tiledLayer(layer: AnalyticLayer): TiledLayer {
  const { name, groups, map } = layer;
  const sizes = { filters: layer.filters / groups, channels: layer.channels };
  if (map === null) {
    const convolution: Convolution = { ...sizes, output: [layer.positions, 1], kernel: [1, 1], stride: [1, 1] };
    return { name, groups, convolution };
  }
  if (map.planes !== 1) throw notTiled({ layer: name, why: 'batch', found: String(map.planes) });
  if (map.window.some((size, axis) => size !== map.kernel[axis])) {
    throw notTiled({ layer: name, why: 'dilation', found: map.window.join(' × ') });
  }
  return { name, groups, convolution: { ...sizes, output: map.size, kernel: map.kernel, stride: map.stride } };
}

/** A tile where none is named: 64 filters, 32 channels, half of the map in each direction, as far as the layer has them. */
export const usualTile = ({ filters, channels, output }: Convolution): Tile => ({
  o: Math.min(64, filters),
  c: Math.min(32, channels),
  h: Math.ceil(output[0] / 2),
  w: Math.ceil(output[1] / 2),
});
