/**
 * Exercise 6.3: a deep-learning processor behind a memory of 12.8 GB/s (the printed Gb/s is surely GB/s: DDR3-1600 of 64 bits) against one
 * with a single arithmetic unit; how much faster can a fully connected layer be? Bandwidth is a rate: both wait for the weights, each of which
 * is used once, so that the array does as many MACs as weights come in. Against a unit of one MAC a nanosecond that is 3.2 times with weights
 * of 32 bits, and a batch multiplies it. `systole estimate fully-connected --bandwidth 12.8 --bits 32` prints it.
 */

import type { Exercise } from 'systole/course';
import { fullyConnectedSpeedUp, fullyConnectedText } from 'systole/report';

const speedUp = (bandwidth: number, bits: number, rate: number, batch = 1): number =>
  fullyConnectedSpeedUp({ bandwidth, bits, rate, batch }).speedUp;

const BITS = [32, 16, 8];
/** GB/s, and the same of Gb/s. */
const [BYTES, ITS_BITS] = [12.8e9, 1.6e9];

export const exercise: Exercise = {
  id: '6.3',
  title: {
    en: 'The ideal speed-up of a fully connected layer',
    zh: 'PCIe+DDR3，带宽 12.8Gb/s，与只有一个 ALU 的 DLP 相比，全连接层最理想加速比',
  },
  rows: 5,
  show({ print }) {
    for (const bits of BITS) {
      const layer = { bandwidth: BYTES, bits, rate: 1e9 };
      print(`weights of ${bits} bits`);
      print(fullyConnectedText(layer, fullyConnectedSpeedUp(layer)));
    }
  },
  check({ close, equal }) {
    const rows = [
      ['12.8 GB/s, 1 MAC/ns ALU: 32/16/8-bit', BYTES, 1e9, [3.2, 6.4, 12.8]],
      ['12.8 GB/s, 0.5 MAC/ns ALU: 32/16/8-bit', BYTES, 0.5e9, [6.4, 12.8, 25.6]],
      ['12.8 Gb/s, 1 MAC/ns ALU: 32/16/8-bit', ITS_BITS, 1e9, [1, 1, 1.6]],
      ['12.8 Gb/s, 0.5 MAC/ns: 32/16/8-bit', ITS_BITS, 0.5e9, [1, 1.6, 3.2]],
    ] as const;
    for (const [what, bandwidth, rate, expected] of rows) {
      close(
        what,
        BITS.map((bits) => speedUp(bandwidth, bits, rate)),
        expected,
        1e-12,
      );
    }
    close('batch 32, 12.8 GB/s, 32-bit', speedUp(BYTES, 32, 1e9, 32), 102.4, 1e-9);
    const bounded = fullyConnectedSpeedUp({ bandwidth: BYTES, bits: 32, rate: 1e9, batch: 32, peak: 64e9 });
    equal('until the array limits: 64 MACs a nanosecond', [bounded.speedUp, bounded.bound], [64, 'array']);
  },
};
