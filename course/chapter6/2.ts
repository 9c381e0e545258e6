/**
 * Exercise 6.2: convolutions become 10 times faster, fully connected layers twice, the rest not at all; how much faster is AlexNet? Amdahl's
 * law, (tc + tf + to) ÷ (tc ÷ 10 + tf ÷ 2 + to), is the easy half; the answer follows from what the layers take before. Taken as MACs, the
 * network is 7.55 times faster; on a CPU whose fully connected layers wait for memory, 3.80 times. It is from 2 to 10, where the rest is nothing.
 * `systole estimate speedup alexnet-paper --conv 10 --fc 2` prints it.
 */

import type { Exercise } from 'systole/course';
import { networkSpeedUp, speedUpText, type TimeModel } from 'systole/report';
import { summaryOf } from '../chapter3/1.ts';

const FACTORS = { convolution: 10, product: 2, other: 1 } as const;
/** A CPU of 50 GFLOP/s behind 12.8 GB/s. */
const ROOF = { peak: 50e9, bandwidth: 12.8e9 } as const;
const MACS: TimeModel = { kind: 'macs' };

async function speedUp(network: string, time: TimeModel, otherShare?: number) {
  const stated = otherShare === undefined ? {} : { otherShare };
  return networkSpeedUp(await summaryOf(network), { time, factors: FACTORS, ...stated });
}

export const exercise: Exercise = {
  id: '6.2',
  title: { en: 'Amdahl over AlexNet', zh: 'DLP 卷积层加速 10 倍、全连接 2 倍、其余不加速，AlexNet 整体加速比' },
  rows: 4,
  async show({ print }) {
    const network = 'alexnet-paper';
    print(speedUpText(await speedUp(network, MACS), { network }));
    print(speedUpText(await speedUp(network, { kind: 'roofline', ...ROOF }), { network, roof: ROOF }));
  },
  async check({ close, atLeast, atMost }) {
    close('paper AlexNet, MAC model', (await speedUp('alexnet-paper', MACS)).speedUp!, 7.554602954995813, 1e-9);
    close('torchvision AlexNet', (await speedUp('alexnet', MACS)).speedUp!, 7.5282632130044345, 1e-9);
    const shares = await Promise.all([0.01, 0.02, 0.05, 0.1].map((o) => speedUp('alexnet-paper', MACS, o)));
    close(
      'paper, other=1,2,5,10 %',
      shares.map((s) => s.speedUp!),
      [7.0899, 6.679, 5.6899, 4.5634],
      1e-4,
    );
    const roofline = await speedUp('alexnet-paper', { kind: 'roofline', ...ROOF }, 0);
    close('roofline CPU model (50 GFLOP/s, 12.8 GB/s)', roofline.speedUp!, 3.8018, 1e-3);
    const [convolutions, connected] = roofline.kinds;
    close('  milliseconds before, convolutions', 1e3 * convolutions!.before, 26.63, 0.01);
    // 18.32 are the weights alone; neurons are moved, too.
    close('  milliseconds before, fully connected', 1e3 * connected!.before, 18.32, 0.02);
    const whole = await speedUp('alexnet-paper', { kind: 'roofline', ...ROOF });
    atMost('with the other layers of the network it is less', whole.speedUp!, roofline.speedUp!);
    atLeast('from 2', roofline.speedUp!, 2);
    atMost('to 10', roofline.speedUp!, 10);
  },
};
