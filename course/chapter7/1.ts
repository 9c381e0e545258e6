/**
 * Exercise 7.1: peak, bandwidth and power of accelerators that one can buy or rent, each with its source, and what follows: the operations a
 * byte at the ridge, and operations for each watt. `systole machine list --market` prints the table.
 */

import type { Exercise } from 'systole/course';
import { marketDevices } from 'systole/machine';
import { marketText } from 'systole/report';

const device = (model: string, precision: string) =>
  marketDevices.find((d) => d.model.startsWith(model) && d.precision.includes(precision))!;

export const exercise: Exercise = {
  id: '7.1',
  title: { en: 'Accelerators on the market', zh: '列举至少三种品牌和型号的 AI 加速装置的峰值算力、带宽和功耗' },
  rows: 6,
  show({ print }) {
    print(marketText(marketDevices));
  },
  check({ atLeast, close, equal, holds }) {
    const [a100, mlu100, v4] = [device('A100', 'FP16'), device('MLU100', 'FP16'), device('TPU v4', 'BF16')];
    atLeast('entries / brands: entries', marketDevices.length, 3);
    atLeast('entries / brands: brands', new Set(marketDevices.map((d) => d.brand)).size, 3);
    close('A100 ridge 312e12/2039e9 FLOP/B', a100.ridge!, 153.01618440411966, 1e-9);
    equal('MLU100 ridge 64e12/102.4e9', mlu100.ridge, 625);
    close('TPU v4 ridge 275e12/1.2e12', v4.ridge!, 229.16666666666666, 1e-9);
    close(
      'TFLOPS/W A100, MLU100, TPU v4',
      [a100.efficiency, mlu100.efficiency, v4.efficiency],
      [0.78, 0.8, 1.4322916666666667],
      1e-9,
    );
    holds(
      'every row has a source and a date',
      marketDevices.every((d) => d.source !== '' && /^20\d\d-\d\d$/.test(d.date)),
    );
  },
};
