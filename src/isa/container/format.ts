/**
 * The `.dlp` file: one Program, complete, that `exec` runs with nothing else. All numbers little-endian.
 *
 *   header   magic 89 44 4C 50 0D 0A 1A 0A, u32 format version, zeros up to byte 64
 *   sections CODE instruction words · DATA constants, each at a multiple of 64 · HOST ONNX models · META JSON
 *   table    for each section: 4 letters, u32 CRC-32, u64 offset, u64 bytes
 *   footer   u64 offset of the table, u32 sections, u32 CRC-32 of the table, magic
 *
 * The table stands at the end, so that a writer streams constants of any size and a cut-off file is noticed. As in PNG, the
 * magic holds a byte above 127 and both line ends, so that damage by text-mode transfers shows at once.
 */
import * as z from 'zod';
import { machineSchema } from '#machine';
import { LINEAR_SPACES } from '../fields.ts';
import { WINOGRAD_TILES } from '../instructions/winograd.ts';
import {
  type GroupBound,
  type LayerPlan,
  type LinearOperand,
  SLOT_BYTES,
  type SlotType,
  type TensorSlot,
} from '../program.ts';

export const MAGIC = Uint8Array.of(0x89, 0x44, 0x4c, 0x50, 0x0d, 0x0a, 0x1a, 0x0a);
export const FORMAT_VERSION = 1;
export const HEADER_BYTES = 64;
export const TABLE_ENTRY_BYTES = 24;
export const FOOTER_BYTES = 24;
/** Constants start at multiples of this, so that typed arrays can view them in place. */
export const ALIGNMENT = 64;
export const SECTIONS = ['CODE', 'DATA', 'HOST', 'META'] as const;
export type SectionName = (typeof SECTIONS)[number];

const count = z.number().int().nonnegative();
const address = count.max(2 ** 32);

const slot = z.strictObject({
  name: z.string(),
  dtype: z.enum(Object.keys(SLOT_BYTES) as [SlotType, ...SlotType[]]),
  dims: z.array(count),
  strides: z.array(z.number().int()),
  address,
}) satisfies z.ZodType<TensorSlot>;

const bothLanguages = z.strictObject({ en: z.string(), zh: z.string() });

const layer = z.strictObject({
  index: count,
  name: z.string(),
  nodes: z.array(z.string()),
  op: z.string(),
  where: z.enum(['matrix', 'vector', 'winograd', 'dma', 'host', 'none']),
  onHost: z
    .array(
      z.strictObject({
        name: z.string(),
        op: z.string(),
        merged: z.array(z.string()),
        reason: bothLanguages,
        estimate: bothLanguages.exactOptional(),
      }),
    )
    .exactOptional(),
  macs: z.number().nonnegative(),
  vectorOps: z.number().nonnegative(),
  inputBytes: z.number().nonnegative(),
  weightBytes: z.number().nonnegative(),
  outputBytes: z.number().nonnegative(),
  outputShape: z.array(count),
  loops: z.array(z.strictObject({ dim: z.string(), tiles: count, size: count, cores: count.exactOptional() })),
  sparse: z
    .strictObject({
      form: z.enum(['stream', 'two4', 'bitmap']),
      weights: count,
      nonzero: count,
      bytes: count,
      denseBytes: count,
    })
    .exactOptional(),
  ahead: count.exactOptional(),
  kept: z
    .array(
      z.strictObject({
        value: z.string(),
        bytes: count,
        memory: z.enum(['nram', 'wram', 'shared']),
        access: z.enum(['read', 'write']),
      }),
    )
    .exactOptional(),
  predicted: z
    .strictObject({
      cycles: count,
      busy: z.partialRecord(z.enum(['dma', 'load', 'store', 'matrix', 'vector', 'link', 'winograd']), count),
      channelCycles: count,
      readBytes: count,
      writeBytes: count,
      readBurstBytes: count,
      writeBurstBytes: count,
    })
    .exactOptional(),
  winograd: z
    .strictObject({
      tile: z.enum(WINOGRAD_TILES),
      weights: z.enum(['ahead', 'onChip']),
      roundings: count,
      error: z.number().nonnegative(),
      reach: z.number().nonnegative(),
    })
    .exactOptional(),
  from: count,
  to: count,
}) satisfies z.ZodType<LayerPlan>;

/** Constants lie in DATA at `offset`, or are `fill` (hexadecimal, 1, 2, 4 or 8 bytes) over and over. */
const constant = z.union([
  z.strictObject({ name: z.string(), address, bytes: count, offset: count }),
  z.strictObject({ name: z.string(), address, bytes: count, fill: z.string().regex(/^([0-9a-f]{2}){1,8}$/) }),
]);

const hostPart = z.strictObject({
  name: z.string(),
  offset: count,
  bytes: count,
  inputs: z.array(slot),
  outputs: z.array(slot),
  cycles: z.number().nonnegative(),
});

const group = z.strictObject({
  name: z.string(),
  op: z.string(),
  nodes: z.array(z.string()),
  macs: z.number().nonnegative(),
  vectorOps: z.number().nonnegative(),
  bytes: z.number().nonnegative(),
  cycles: z.number().nonnegative(),
  bound: z.enum(['compute', 'vector', 'memory', 'host']),
}) satisfies z.ZodType<GroupBound>;

export const metadataSchema = z.strictObject({
  name: z.string(),
  machine: machineSchema,
  cores: count.exactOptional(),
  dramBytes: address,
  constants: z.array(constant),
  inputs: z.array(slot),
  outputs: z.array(slot),
  host: z.array(hostPart),
  layers: z.array(layer),
  layerwise: z.strictObject({ cycles: z.number().nonnegative(), groups: z.array(group) }).exactOptional(),
  compulsory: z.strictObject({ readBytes: count, writeBytes: count }).exactOptional(),
  operands: z
    .array(
      z.strictObject({
        instruction: count,
        memory: z.enum(LINEAR_SPACES),
        mode: z.enum(['read', 'write']),
        bytes: z.number().int().positive(),
        addresses: z.array(count).min(1),
        step: z.number().int(),
      }) satisfies z.ZodType<LinearOperand>,
    )
    .exactOptional(),
});

export type Metadata = z.infer<typeof metadataSchema>;
export type ConstantEntry = Metadata['constants'][number];
