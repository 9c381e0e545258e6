/**
 * Devices that one can buy or rent, as their makers state them: peak of dense operations, memory bandwidth, power. What
 * makers call a FLOP or an operation is half a multiply-accumulate. Figures are the stated ones, never measured here; what
 * no source confirmed is null. One row for each device and precision.
 */
interface Stated {
  readonly brand: string;
  readonly model: string;
  /** When the device was announced: year and month. */
  readonly date: string;
  readonly precision: string;
  /** Dense operations a second; a multiply-accumulate is two. */
  readonly peak: number;
  /** Bytes a second. */
  readonly bandwidth: number | null;
  /** Watts: the limit of board or module, or what the source says. */
  readonly power: number;
  readonly source: string;
}

export interface MarketDevice extends Stated {
  /** Operations a byte from which on the peak and not the bandwidth limits: peak ÷ bandwidth. */
  readonly ridge: number | null;
  /** 10¹² operations a second and watt: peak ÷ power. */
  readonly efficiency: number;
}

const A100 = {
  brand: 'NVIDIA',
  model: 'A100 80GB SXM4',
  date: '2020-11',
  bandwidth: 2039e9,
  power: 400,
  source: 'NVIDIA, A100 Tensor Core GPU datasheet, 2021 (also glennklockwood.com/garden/processors/A100)',
};
const H200 = {
  brand: 'NVIDIA',
  model: 'H200 SXM',
  date: '2023-11',
  bandwidth: 4.8e12,
  power: 700,
  source: 'NVIDIA, H200 Tensor Core GPU datasheet, 2024, without sparsity (also rooflinenotes.dev/accelerators)',
};
const MI300X = {
  brand: 'AMD',
  model: 'Instinct MI300X',
  date: '2023-12',
  bandwidth: 5.3e12,
  power: 750,
  source: 'AMD, Instinct MI300X data sheet, 2023, without sparsity (also rooflinenotes.dev/accelerators)',
};
const TPU_V4 = {
  brand: 'Google',
  model: 'TPU v4',
  date: '2021-05',
  bandwidth: 1.2e12,
  power: 192,
  source: 'Google Cloud documentation, TPU v4 (docs.cloud.google.com/tpu/docs/v4): power is the largest measured',
};
const MLU100 = {
  brand: 'Cambricon',
  model: 'MLU100, 1 GHz',
  date: '2018-05',
  bandwidth: 102.4e9,
  power: 80,
  source: 'WikiChip, Cambricon MLU100 (en.wikichip.org/wiki/cambricon/mlu/mlu100), balanced mode',
};
const ASCEND_910 = {
  brand: 'Huawei',
  model: 'Ascend 910',
  date: '2019-08',
  bandwidth: null,
  power: 310,
  source:
    'Huawei, Ascend 910 (as quoted by golem.de, 2018, and besthub.dev); no source for the bandwidth was confirmed',
};

const STATED: readonly Stated[] = [
  { ...A100, precision: 'FP16, BF16', peak: 312e12 },
  { ...A100, precision: 'INT8', peak: 624e12 },
  { ...H200, precision: 'FP16, BF16', peak: 989e12 },
  { ...H200, precision: 'FP8, INT8', peak: 1979e12 },
  { ...MI300X, precision: 'FP16, BF16', peak: 1307.4e12 },
  { ...MI300X, precision: 'FP8, INT8', peak: 2614.9e12 },
  {
    brand: 'Google',
    model: 'TPU v3',
    date: '2018-05',
    precision: 'BF16',
    peak: 123e12,
    bandwidth: 900e9,
    power: 262,
    source: 'Google Cloud documentation, TPU v3 (docs.cloud.google.com/tpu/docs/v3): power is the largest measured',
  },
  { ...TPU_V4, precision: 'BF16', peak: 275e12 },
  { ...TPU_V4, precision: 'INT8', peak: 275e12 },
  { ...MLU100, precision: 'FP16', peak: 64e12 },
  { ...MLU100, precision: 'INT8', peak: 128e12 },
  {
    brand: 'Cambricon',
    model: 'MLU290-M5',
    date: '2021-01',
    precision: 'INT8',
    peak: 512e12,
    bandwidth: 1228e9,
    power: 350,
    source: 'Cambricon, MLU290-M5 (figures as quoted at t.zoukankan.com/kongchung-p-14746622.html)',
  },
  { ...ASCEND_910, precision: 'FP16', peak: 256e12 },
  { ...ASCEND_910, precision: 'INT8', peak: 512e12 },
];

/** By brand as listed, each device's precisions together. */
export const marketDevices: readonly MarketDevice[] = STATED.map((device) => ({
  ...device,
  ridge: device.bandwidth === null ? null : device.peak / device.bandwidth,
  efficiency: device.peak / 1e12 / device.power,
}));
