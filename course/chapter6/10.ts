/**
 * Exercise 6.10: the roofline of the processor. Its peak is 2·N operations a nanosecond, its slope 12.8 GB/s, so that the ridge lies at 2·N ÷ 12.8
 * operations a byte. Networks stand at the operations for each byte of their layers' inputs, weights and outputs, moved once each.
 *   systole plot roofline alexnet-paper vgg19 resnet152 --machine textbook-ch6 --multipliers 16,64,256,1024,4096 -o roofline.svg
 */

import type { Exercise } from 'systole/course';
import { presets } from 'systole/machine';
import { analyticRoofline, analyticRooflineText, charts, PAPER_ALEXNET, ridge, roofOf } from 'systole/report';
import { RESNET152, VGG19 } from './networks.ts';

const machine = presets.get('textbook-ch6')!;
const SIZES = [16, 64, 256, 1024, 4096];
const NETWORKS = [
  { name: 'AlexNet', layers: PAPER_ALEXNET },
  { name: 'VGG19', layers: VGG19 },
  { name: 'ResNet152', layers: RESNET152 },
];

const roofline = (networks: typeof NETWORKS) => analyticRoofline(machine, networks, { bits: 32, multipliers: SIZES });

export const exercise: Exercise = {
  id: '6.10',
  title: { en: 'The roofline of the processor', zh: '画出 DLP 的 Roofline 图' },
  rows: 7,
  show({ print }) {
    print(analyticRooflineText(roofline(NETWORKS)));
    print(analyticRooflineText(roofline(NETWORKS.slice(0, 1))));
  },
  async check({ equal, close, holds }) {
    const { roofs, points } = roofline(NETWORKS);
    equal(
      'ridge points N=16,64,256,1024,4096',
      roofs.map((r) => r.ridge),
      [2.5, 10, 40, 160, 640],
    );
    equal(
      'words layer-wise AlexNet-paper, VGG19, ResNet152',
      points.map((p) => p.words),
      [62028963, 168933544, 104700072],
    );
    close(
      'AI fp32',
      points.map((p) => p.intensity),
      [5.8393, 58.1059, 54.9839],
      1e-4,
    );
    const gflops = (size: number): readonly number[] => points.map((p) => p.attainable[SIZES.indexOf(size)]! / 1e9);
    close('attainable N=256 GFLOP/s', gflops(256), [74.74, 512, 512], 0.01);
    close('attainable N=1024', gflops(1024), [74.74, 743.76, 703.79], 0.01);
    const layers = roofline(NETWORKS.slice(0, 1)).points.filter((p) => p.kind === 'layer');
    close(
      'AlexNet layer AI fp32 conv1..fc8',
      layers.map((p) => p.intensity),
      [109.8453, 198.6038, 75.2951, 70.6757, 67.8986, 0.4998, 0.4998, 0.4994],
      1e-4,
    );
    equal('single-core machine of 7.7: ridge', ridge(roofOf(presets.get('textbook-single')!)), 8);
    const { rooflinePicture } = await charts();
    const shown = points.map((p) => ({ ...p, performance: p.attainable[2]! }));
    const svg = rooflinePicture(machine, shown, { arrays: roofs });
    holds(
      'the picture names every network and every ridge',
      [...NETWORKS.map((n) => n.name), ...roofs.map((r) => `ridge ${r.ridge}`)].every((name) => svg.includes(name)),
    );
  },
};
