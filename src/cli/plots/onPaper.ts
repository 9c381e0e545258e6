/** Pictures of what is worked out on paper, without compiling or simulating: the analytic roofline, the tilings of a layer. */
import { analyticLayers, analyticRoofline, analyticRooflineText, charts, tileWalkPicture, tileWalkText } from '#report';
import type { Console } from '../console.ts';
import { countedModel, inModel } from '../model.ts';
import { TILING, tilingOf } from '../tilings.ts';
import { ANALYTIC_ROOFLINE } from './answers.ts';
import { type Plot, type PlotOptions, shows } from './plot.ts';

/** Exercise 6.10: networks at their operations a byte under the roofs of arrays, on the roof. */
export async function analyticRooflineOf(
  console: Console,
  names: readonly string[],
  options: PlotOptions,
): Promise<Plot> {
  const { rooflinePicture } = await charts();
  const { machine, bits, multipliers = [] } = options;
  const networks = [];
  for (const name of names) {
    const model = await countedModel(console, name, options);
    networks.push({ name, layers: (await inModel(name, () => analyticLayers(model))).layers });
  }
  const roofline = analyticRoofline(machine, networks, { bits, multipliers });
  const { language } = console;
  // A point for each roof that differs; the name stands at the highest.
  const points = roofline.points.flatMap((p) => {
    const heights = [...new Set(p.attainable)].sort((a, b) => b - a);
    return heights.map((performance, i) => ({ ...p, performance, ...(i === 0 ? {} : { unnamed: true }) }));
  });
  const subtitle = console.text({
    en: `analytic, nothing is simulated: words of ${bits} bits, each once; N multipliers a core`,
    zh: `解析模型，未做仿真：字长 ${bits} 位，每字计一次；每核 N 个乘法器`,
  });
  return {
    svg: () => rooflinePicture(machine, points, { language, arrays: roofline.roofs, subtitle }),
    text: (columns) => analyticRooflineText(roofline, { language, width: columns }).trimEnd().split('\n'),
    ...shows(ANALYTIC_ROOFLINE, { analytic: true, ...roofline }),
  };
}

/** Exercise 6.11: three orders of loops over the tiles of a layer. */
export async function tilingPlot(console: Console, [name]: readonly string[], options: PlotOptions): Promise<Plot> {
  const report = await tilingOf(console, name, options);
  const { language } = console;
  return {
    svg: () => tileWalkPicture(report, language),
    text: (columns) => tileWalkText(report, { language, columns }),
    ...shows(TILING, { analytic: true, network: name ?? 'AlexNet (NIPS 2012)', ...report }),
  };
}
