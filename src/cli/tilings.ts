/** The tilings that a command line asks for: which layer of which network, and its tile. */
import { diagnostic, nearestName } from '#base';
import {
  analyticLayers,
  PAPER_ALEXNET,
  type TilingReport,
  tiledLayer,
  tilingReport,
  tilingSchema,
  usualTile,
} from '#report';
import { answer } from './answers.ts';
import type { Console } from './console.ts';
import { countedModel, inModel } from './model.ts';

export const TILING = answer('tiling', 'a convolution in tiles: words that each order of loops moves', tilingSchema);

export interface Sizes {
  readonly dim?: Readonly<Record<string, number>>;
  readonly batch?: number;
}

const noLayer = diagnostic<{ layer: string; nearest: string | undefined; known: readonly string[] }>(
  'SYS-CLI-220',
  'usage',
  {
    en: (p) =>
      `--layer: the network has no convolution or product '${p.layer}'.${p.nearest === undefined ? '' : ` Did you mean '${p.nearest}'?`} It has: ${p.known.join(', ')}`,
    zh: (p) =>
      `--layer：网络中没有名为“${p.layer}”的卷积或矩阵乘。${p.nearest === undefined ? '' : `是否指“${p.nearest}”？`}现有：${p.known.join('、')}`,
  },
);
const otherTile = diagnostic<{ found: number }>('SYS-CLI-221', 'usage', {
  en: (p) =>
    `--tile takes four sizes, To,Tc,Th,Tw (filters, channels, rows and columns of the output), found ${p.found}`,
  zh: (p) => `--tile 需要四个大小 To,Tc,Th,Tw（输出通道、输入通道、输出行、输出列），实际为 ${p.found} 个`,
});

export interface TilingOptions extends Sizes {
  readonly layer?: string;
  readonly tile?: readonly number[];
}

/** The tilings that a command line asks for: of a network's layer, by default of AlexNet's (as its paper has it). */
export async function tilingOf(
  console: Console,
  network: string | undefined,
  options: TilingOptions,
): Promise<TilingReport> {
  const layers =
    network === undefined
      ? PAPER_ALEXNET
      : (await inModel(network, async () => analyticLayers(await countedModel(console, network, options)))).layers;
  const { layer: name, tile } = options;
  const known = layers.map((l) => l.name);
  const found = name === undefined ? layers[0]! : layers.find((l) => l.name === name);
  if (found === undefined)
    throw noLayer({ layer: name!, nearest: nearestName(name!, known), known: known.slice(0, 20) });
  const layer = tiledLayer(found);
  if (tile !== undefined && tile.length !== 4) throw otherTile({ found: tile.length });
  const [o, c, h, w] = tile ?? [];
  const sizes = tile === undefined ? usualTile(layer.convolution) : { o: o!, c: c!, h: h!, w: w! };
  return tilingReport(layer, sizes);
}
