/**
 * The machines that come with Systole: one validated JSON document each under `presets/`, every figure with its source or
 * named as a choice there.
 */
import cambriconMlu220 from './presets/cambricon-mlu220.json' with { type: 'json' };
import diannao from './presets/diannao.json' with { type: 'json' };
import eyeriss from './presets/eyeriss.json' with { type: 'json' };
import gemmini16x16 from './presets/gemmini-16x16.json' with { type: 'json' };
import shidiannao from './presets/shidiannao.json' with { type: 'json' };
import systolic16x16 from './presets/systolic-16x16.json' with { type: 'json' };
import textbookCh6 from './presets/textbook-ch6.json' with { type: 'json' };
import textbookCluster from './presets/textbook-cluster.json' with { type: 'json' };
import textbookExtended from './presets/textbook-extended.json' with { type: 'json' };
import textbookSingle from './presets/textbook-single.json' with { type: 'json' };
import textbookSingleDdr4 from './presets/textbook-single-ddr4.json' with { type: 'json' };
import textbookSingleI8x4 from './presets/textbook-single-i8x4.json' with { type: 'json' };
import tpuV1 from './presets/tpu-v1.json' with { type: 'json' };
import tpuV3 from './presets/tpu-v3.json' with { type: 'json' };
import vtaPynq from './presets/vta-pynq.json' with { type: 'json' };
import { type Machine, machineSchema } from './schema.ts';

/** What runs where nobody asks for another machine. */
export const DEFAULT_MACHINE = 'textbook-single';

const DOCUMENTS = [
  textbookSingle,
  textbookSingleI8x4,
  textbookCluster,
  textbookCh6,
  textbookSingleDdr4,
  textbookExtended,
  systolic16x16,
  // Published devices, in the order of their publication.
  diannao,
  shidiannao,
  eyeriss,
  tpuV1,
  vtaPynq,
  tpuV3,
  cambriconMlu220,
  gemmini16x16,
];

/** By name. */
export const presets: ReadonlyMap<string, Machine> = new Map(
  DOCUMENTS.map((document) => {
    const machine = machineSchema.parse(document);
    return [machine.name, machine];
  }),
);

export const machineNames = (): string[] => [...presets.keys()];
