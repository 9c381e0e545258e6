/** What every network here takes, and initial values by the kind of layer: each network's paper or torchvision's code says which. */
import type { Tensor as Data } from '#ir';
import { type Generator, nn } from '#tensor';

export interface NetworkOptions {
  /** Number of classes; 1000 by default where the network is one for ImageNet. */
  readonly classes?: number;
  /** Where initial weights come from; the shared generator by default. */
  readonly generator?: Generator;
}

/** Half of the elements dropped, by random numbers of the network's generator, so that training follows from its seed. */
export const dropout = ({ generator }: NetworkOptions): nn.Dropout =>
  new nn.Dropout(0.5, generator === undefined ? {} : { generator });

type Draw = (shape: readonly number[], generator: Generator | undefined) => Data;

/** Initial values; what is left out is uniform in ±1/√fan-in, as PyTorch's layers begin. */
export interface InitialRules {
  readonly conv?: Draw;
  readonly linear?: Draw;
  readonly convBias?: number;
  readonly linearBias?: number;
}

const fanIn = (shape: readonly number[]): number => shape.slice(1).reduce((a, b) => a * b, 1);
const fanOut = (shape: readonly number[]): number => shape[0]! * shape.slice(2).reduce((a, b) => a * b, 1);

/** Normal with variance 2 ÷ fan-out, 2 ÷ fan-in, and of a given deviation. */
export const heFanOut: Draw = (shape, generator) => nn.init.heNormalData(shape, fanOut(shape), generator);
export const heFanIn: Draw = (shape, generator) => nn.init.heNormalData(shape, fanIn(shape), generator);
export const gaussian =
  (std: number): Draw =>
  (shape, generator) =>
    nn.init.normalData(shape, std, generator);

const uniform: Draw = (shape, generator) => nn.init.kaimingData(shape, fanIn(shape), generator);

/** Builds a network without drawing weights, then draws them by the rules, layer after layer. */
export function initialised<M extends nn.Module>(
  build: () => M,
  { generator }: NetworkOptions,
  { conv = uniform, linear = uniform, convBias, linearBias }: InitialRules = {},
): M {
  const network = nn.init.skipInit(build);
  const visit = (module: nn.Module): void => {
    if (module instanceof nn.Conv) fill(module, conv, convBias, generator);
    if (module instanceof nn.Linear) fill(module, linear, linearBias, generator);
    for (const [, child] of module.children()) visit(child);
  };
  visit(network);
  return network;
}

function fill(
  { weight, bias }: nn.Conv | nn.Linear,
  draw: Draw,
  biasValue: number | undefined,
  generator: Generator | undefined,
): void {
  weight.set(draw(weight.shape, generator));
  bias?.set(
    biasValue === undefined
      ? nn.init.kaimingData(bias.shape, fanIn(weight.shape), generator)
      : nn.init.constantData(bias.shape, biasValue),
  );
}
