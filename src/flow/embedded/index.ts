/** Networks that come with Systole: `systole run` needs no file. */
import type { Model } from '#ir';
import { adderModel } from './adder.ts';
import { lenet5Model } from './lenet5.ts';

export * from './adder.ts';
export * from './lenet5.ts';

/** What is run where nothing is named. */
export const DEFAULT_MODEL = 'lenet5';

const MODELS = { lenet5: lenet5Model, adder: adderModel } as const satisfies Record<string, () => Model>;

export type EmbeddedName = keyof typeof MODELS;

/** Names under which models can be asked for without a file. */
export const EMBEDDED = Object.keys(MODELS) as readonly EmbeddedName[];

export const embeddedModel = (name: EmbeddedName): Model => MODELS[name]();
