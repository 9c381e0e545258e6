/** What the formats have in common: convolution and full connection with weights whose shapes follow from the input. */
import type { Network } from './network.ts';

export interface ConvolutionShape {
  readonly filters: number;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly pad: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly groups: number;
  readonly bias: boolean;
  readonly transposed?: boolean;
}

/** Names of a layer's weights and bias. */
export interface WeightNames {
  readonly weight: string;
  readonly bias: string;
}

/** Conv, or ConvTranspose, over NCHW. */
export function convolution(
  net: Network,
  name: string,
  input: string,
  c: ConvolutionShape,
  names: WeightNames,
): string {
  const channels = net.size(input, 1);
  const shape = c.transposed
    ? [channels, c.filters / c.groups, ...c.kernel]
    : [c.filters, Math.floor(channels / c.groups), ...c.kernel];
  const inputs = [input, net.weights(names.weight, shape), ...(c.bias ? [net.weights(names.bias, [c.filters])] : [])];
  return net.one(name, c.transposed ? 'ConvTranspose' : 'Conv', inputs, {
    kernel_shape: c.kernel,
    strides: c.stride,
    pads: [...c.pad, ...c.pad],
    dilations: c.dilation,
    group: c.groups,
  });
}

/** Gemm over all that stands behind `axis`, flattened where that is more than one dimension. */
export function connected(
  net: Network,
  name: string,
  input: string,
  { outputs, bias, axis = 1 }: { readonly outputs: number; readonly bias: boolean; readonly axis?: number },
  names: WeightNames,
): string {
  const flat =
    net.dims(input).length === 2 && axis === 1 ? input : net.one(`${name}/flatten`, 'Flatten', [input], { axis });
  const inputs = [flat, net.weights(names.weight, [outputs, net.size(flat, 1)])];
  if (bias) inputs.push(net.weights(names.bias, [outputs]));
  return net.one(name, 'Gemm', inputs, { transB: 1 });
}

/** BatchNormalization with its two parameters and two statistics a channel. */
export function batchNormalization(net: Network, name: string, input: string, epsilon: number): string {
  const channels = net.size(input, 1);
  const parameters = ['scale', 'bias', 'mean', 'variance'].map((p) => net.weights(`${name}.${p}`, [channels]));
  return net.one(name, 'BatchNormalization', [input, ...parameters], { epsilon: { float: epsilon } });
}
