/**
 * The machines that come with Systole: one validated JSON document each under `presets/`, every figure with its source or
 * named as a choice there.
 */
import systolic16x16 from './presets/systolic-16x16.json' with { type: 'json' };
import textbookCh6 from './presets/textbook-ch6.json' with { type: 'json' };
import textbookCluster from './presets/textbook-cluster.json' with { type: 'json' };
import textbookSingle from './presets/textbook-single.json' with { type: 'json' };
import { type Machine, machineSchema } from './schema.ts';

/** What runs where nobody asks for another machine. */
export const DEFAULT_MACHINE = 'textbook-single';

/** By name. */
export const presets: ReadonlyMap<string, Machine> = new Map(
  [textbookSingle, textbookCluster, textbookCh6, systolic16x16].map((document) => {
    const machine = machineSchema.parse(document);
    return [machine.name, machine];
  }),
);

export const machineNames = (): string[] => [...presets.keys()];
