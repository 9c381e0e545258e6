/**
 * What a rule of the advisor is. A rule looks at the figures of one run and proposes changes, each with an estimate of what it would save;
 * the advisor runs those that promise most, and only what a run confirms is advice. A rule knows nothing of networks by name.
 */
import type { Model } from '#ir';
import type { LayerPlan, Program } from '#isa';
import type { ConvolutionChoice, WinogradChoice } from '#lower';
import type { FieldChange, Machine } from '#machine';
import type { Texts } from '#report';
import type { LayerResult, SimulationResult } from '#sim';
import type { CompileOptions } from '../compile.ts';
import type { Half } from '../compression/convert.ts';
import type { HostExplanation, LayerExplanation } from '../explain.ts';

/** What is different in a run that a rule proposes. */
export interface Change {
  /** Fields of the machine. */
  readonly fields?: readonly FieldChange[];
  readonly winograd?: WinogradChoice;
  readonly convolution?: ConvolutionChoice;
  readonly sparse?: 'auto';
  /** `all`: every core of the machine. */
  readonly cores?: number | 'all';
  readonly batch?: number;
  readonly dtype?: Half | 'int8';
}

export type Scratchpad = 'nram' | 'wram' | 'aram' | 'shared';
export type Limit = 'memory' | 'matrix' | 'vector';

export interface LayerFacts extends Pick<LayerExplanation, 'bound' | 'losses'> {
  readonly plan: LayerPlan;
  readonly run: LayerResult;
  /** Cycles for which the DRAM channel was taken, and the mean core's units were at work. */
  readonly time: Readonly<Record<Limit, number>>;
  /** Of these the longest. */
  readonly limit: Limit;
  /** Bytes of each scratchpad that it touched. */
  readonly touched: Readonly<Record<Scratchpad, number>>;
}

/** What rules look at. */
export interface Facts {
  readonly machine: Machine;
  readonly program: Program;
  /** What was lowered. */
  readonly optimized: Model;
  readonly result: SimulationResult;
  /** Those of the processor. */
  readonly layers: readonly LayerFacts[];
  readonly host: readonly HostExplanation[];
  /** Cores that ran the program. */
  readonly cores: number;
  /** First dimension of every input; undefined where they have none in common. */
  readonly batch: number | undefined;
  /** Capacities in bytes, and what was ever touched of them. */
  readonly capacity: Readonly<Record<Scratchpad, number>>;
  readonly touched: Readonly<Record<Scratchpad, number>>;
  /** What was asked of the compiler. */
  readonly options: Pick<CompileOptions, 'winograd' | 'convolution' | 'sparse' | 'cores' | 'batch' | 'dims'>;
  /** Whether the network can be quantised: its weights are at hand. */
  readonly hasWeights: boolean;
}

export interface Proposal {
  readonly finding: Texts;
  readonly figures: Readonly<Record<string, number>>;
  readonly layers: readonly number[];
  readonly proposal: Texts;
  readonly change: Change;
  /** Cycles of the run that it might save: decides what is run first, and is told nowhere. */
  readonly estimate: number;
}

export interface Rule {
  /** By which `--rule` names it. */
  readonly name: string;
  readonly kind: 'time' | 'cost';
  /** In a few words: `larger WRAM`. */
  readonly title: Texts;
  /** The figures that it looks at, and when it speaks. */
  readonly looksAt: Texts;
  readonly proposes: Texts;
  /** Where the method comes from. */
  readonly source: string;
  propose(facts: Facts): readonly Proposal[];
}
