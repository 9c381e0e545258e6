import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import type { Language } from '#base';
import { presets } from '#machine';
import { arrayOfSize, PAPER_ALEXNET, utilisation } from '#report';
import { ENERGY_SINKS, type EnergyReport, type EnergySplit } from '../energy.ts';
import { barsPicture } from './bars.ts';
import { decades, plainNumber } from './chart.ts';
import {
  ACTIVATION_NAMES,
  activationCurves,
  activationPicture,
  curvesText,
  linesPicture,
  trainingPicture,
  utilisationPicture,
} from './curves.ts';
import { energyPicture, energyText } from './energyChart.ts';
import { type RooflinePoint, rooflinePicture, rooflineText, roofsOf } from './roofline.ts';
import { textBar, textDensity, textGrid } from './terminal.ts';

const cluster = presets.get('textbook-cluster')!;
const points: readonly RooflinePoint[] = [
  { name: 'AlexNet & <co>', intensity: 5.8, performance: 5e11, kind: 'network' },
  { name: 'conv1', intensity: 60, performance: 1.9e12, kind: 'layer' },
  { name: 'nothing', intensity: 0, performance: 0, kind: 'layer' },
];

function energyOf(layers: number): EnergyReport {
  const split = (scale: number): EnergySplit => {
    const by = Object.fromEntries(ENERGY_SINKS.map((sink, i) => [sink, scale * i])) as EnergySplit['by'];
    return { total: ENERGY_SINKS.reduce((n, sink) => n + by[sink], 0), by };
  };
  const each = Array.from({ length: layers }, (_, i) => ({ ...split((i + 1) * 1e-6), name: `conv${i}` }));
  return { technologyNanometres: 45, ...split(1e-4), layers: each, rest: split(0) };
}

const sizes = [16, 64, 256].map((n) =>
  utilisation(PAPER_ALEXNET, arrayOfSize(n, { kind: 'scalar-mac', traffic: 'shift' }), {
    bits: 32,
    bytesPerCycle: { bytes: 64, cycles: 5 },
  }),
);

const PICTURES: Readonly<Record<string, (language: Language) => string>> = {
  roofline: (language) => rooflinePicture(cluster, points, { language }),
  energy: (language) => energyPicture(energyOf(20), { model: 'net', machine: 'm', language }),
  utilisation: (language) => utilisationPicture([{ name: 'scalar-mac', sizes }], { language }),
  activations: (language) => activationPicture(ACTIVATION_NAMES, language),
  lines: (language) =>
    linesPicture(
      [
        {
          name: 'a',
          points: [
            [1, 10],
            [100, 2e6],
          ],
        },
      ],
      { title: language === 'en' ? 'Lines' : '曲线', x: 'steps', y: 'MACs', log: ['x', 'y'], dots: true },
    ),
  bars: (language) =>
    barsPicture(
      [
        { name: 'SVM', value: 3e8, group: 'a' },
        { name: 'SVM', value: 2e17, label: '266 ×', group: 'b' },
      ],
      { title: language === 'en' ? 'Bars' : '条形图', x: 'MACs', log: true },
    ),
  training: (language) =>
    trainingPicture(
      'loss',
      [
        {
          name: 'train',
          points: [
            [0, 2],
            [1, Number.NaN],
            [2, 1],
          ],
        },
        {
          name: 'validation',
          points: [
            [0, 2],
            [2, 1],
          ],
        },
      ],
      language,
    ),
};

describe('pictures', () => {
  test.each(Object.entries(PICTURES))('%s is one well-formed SVG, the same twice, in both languages', (_, make) => {
    const texts = (['en', 'zh'] as const).map((language) => {
      const svg = make(language);
      expect(make(language)).toBe(svg);
      const { document } = parseHTML(svg);
      expect(document.querySelectorAll('svg > title')).toHaveLength(1);
      // Coordinates that are no numbers would draw nothing, and say nothing.
      expect(svg).not.toMatch(/NaN|undefined|Infinity|\[object/);
      return document.querySelector('title')!.textContent!;
    });
    expect(texts[0]).toMatch(/^[\x20-\x7e]+$/);
    expect(texts[1]).toMatch(/\p{Script=Han}/u);
  });

  test('names are escaped, and what has no place on the roofline is left out', () => {
    const svg = rooflinePicture(cluster, points);
    expect(svg).toContain('AlexNet &amp; &lt;co&gt;');
    expect(svg).not.toContain('nothing');
  });

  test('roofs of a cluster: a link for each core; ridges as exercise 6.10 has them', () => {
    const { peak, memories } = roofsOf(cluster);
    expect([peak, memories.map((m) => [m.level, m.bandwidth, m.ridge])]).toEqual([
      2048e9,
      [
        ['dram', 128e9, 16],
        ['shared', 4000e9, 0.512],
        ['scratchpad', 4096e9, 0.5],
      ],
    ]);
    expect(roofsOf(presets.get('textbook-single')!).memories[0]!.ridge).toBe(8);
  });

  test('activations are what the operators compute', () => {
    const value = (name: string, x: number): number =>
      activationCurves([name])[0]!.points.find(([at]) => Math.abs(at - x) < 1e-9)![1];
    expect(value('Sigmoid', 0)).toBe(0.5);
    expect(value('Relu', -2)).toBe(0);
    expect(value('Tanh', 1)).toBeCloseTo(Math.tanh(1), 6);
  });

  test('ticks', () => {
    expect(decades(0.1, 20)).toEqual([0.1, 0.2, 0.5, 1, 2, 5, 10, 20]);
    expect(decades(1, 1e6)).toEqual([1, 10, 100, 1000, 10_000, 100_000, 1_000_000]);
    expect([0.05, 20, 1000, 4_096_000].map(plainNumber)).toEqual(['0.05', '20', '1,000', '4,096,000']);
  });
});

describe('in a terminal', () => {
  test('no line is longer than the terminal', () => {
    for (const columns of [60, 100, 160]) {
      const lines = [
        ...rooflineText(cluster, points, { columns }),
        ...curvesText(activationCurves(), { columns }),
        ...energyText(energyOf(3), { model: 'net', machine: 'm', columns }),
      ];
      expect(Math.max(...lines.map((l) => l.length))).toBeLessThanOrEqual(Math.max(columns, 80));
    }
  });

  test('points stand where they belong', () => {
    const grid = textGrid(
      [
        { x: 0, y: 0, mark: 'a' },
        { x: 10, y: 10, mark: 'b' },
        { x: 20, y: 0, mark: 'c' },
      ],
      { columns: 11, rows: 3, x: { low: 0, high: 10, label: 'x' }, y: { low: 0, high: 10, label: 'y' } },
    );
    expect(grid.slice(1, 4)).toEqual(['10 │          b', ' 5 │', ' 0 │a']);
  });

  test('bars and densities', () => {
    expect([textBar(0, 8), textBar(1, 8), textBar(0.5, 8), textBar(1 / 64, 8)]).toEqual(['', '████████', '████', '▏']);
    expect(
      textDensity(
        [
          { from: 0, to: 10 },
          { from: 15, to: 20 },
        ],
        0,
        40,
        4,
      ),
    ).toBe('█▓··');
  });
});
