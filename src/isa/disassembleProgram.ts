/**
 * A whole program as assembly text: what it holds as directives, then its instructions by layer. The text assembles to the
 * same program (words, DRAM, tensors, constants, the layer of each instruction, machine), or, where it would grow beyond
 * what people read, names what it leaves out in `.omitted` lines, which the assembler refuses. What the compiler had
 * planned (MACs, bounds, predictions) belongs to reports, not to the program's meaning, and is not in the text.
 */
import { type Machine, presets } from '#machine';
import { quoted } from './assembler/tokens.ts';
import { disassemble } from './disassemble.ts';
import { fillOf } from './fill.ts';
import { type ConstantSegment, denseStrides, type Program, type TensorSlot } from './program.ts';

/** Constants of more bytes than this are left out, unless they are one pattern over and over. */
export const TEXT_CONSTANT_BYTES = 16384;

/** Values on one line. */
const PER_LINE = 8;

/** What the text of a program leaves out. */
export interface Omitted {
  readonly kind: 'machine' | 'constant' | 'host';
  readonly name: string;
}

/** The text, and what of the program is not in it; with nothing omitted it assembles to the same program. */
export function disassembleProgram(program: Program): { readonly text: string; readonly omitted: readonly Omitted[] } {
  const { machine } = program;
  const omitted: Omitted[] = [];
  const leaveOut = (kind: Omitted['kind'], name: string, comment: string): string => {
    omitted.push({ kind, name });
    return `.omitted ${kind}, ${quoted(name)}  # ${comment}`;
  };
  const head = [
    `# ${program.words.length} words for machine ${oneLine(machine.name)}`,
    `.name ${quoted(program.name)}`,
    isPreset(machine)
      ? `.machine ${machine.name}`
      : leaveOut('machine', machine.name, 'not one that comes with systole: assemble with --machine FILE'),
    ...(program.cores === undefined ? [] : [`.cores ${program.cores}`]),
    `.dram ${program.dramBytes}`,
    ...program.inputs.map((slot) => `.input ${tensor(slot)}`),
    ...program.outputs.map((slot) => `.output ${tensor(slot)}`),
    ...program.constants.flatMap(
      (c) => constant(c) ?? leaveOut('constant', c.name, `${c.bytes} bytes at ${hex(c.address)}`),
    ),
    ...program.host.map(({ name, onnx, cycles }, i) =>
      leaveOut('host', name, `host ${i}: ${onnx.length} bytes of ONNX, ${cycles} cycles`),
    ),
  ];
  const nodes = new Map<number, string | undefined>();
  for (const { name, from, to } of program.layers) {
    if (from === to) continue;
    nodes.set(from, name);
    if (!nodes.has(to)) nodes.set(to, undefined);
  }
  return { text: `${head.join('\n')}\n\n${disassemble(program.words, { nodes })}`, omitted };
}

const hex = (address: number): string => `0x${address.toString(16)}`;
const oneLine = (text: string): string => text.replace(/\s+/g, ' ');

const isPreset = (machine: Machine): boolean =>
  JSON.stringify(presets.get(machine.name) ?? null) === JSON.stringify(machine);

function tensor({ name, address, dtype, dims, strides }: TensorSlot): string {
  const dense = denseStrides(dtype, dims);
  const stated = strides.every((s, d) => s === dense[d]) ? '' : `, strides[${strides.join(', ')}]`;
  return `${quoted(name)}, ${hex(address)}, ${dtype}[${dims.join(', ')}]${stated}`;
}

/** The lines of a constant; undefined where they would be too many. */
function constant({ name, address, bytes, data }: ConstantSegment): string[] | undefined {
  const head = `.constant ${quoted(name)}, ${hex(address)}, ${bytes}`;
  if (bytes === 0) return [head];
  const contents = data();
  const pattern = fillOf(contents);
  if (pattern !== undefined && bytes % pattern.length === 0) {
    return [head, `.fill ${hex(address)}, ${bytes}, ${fillValue(pattern)}`];
  }
  if (bytes > TEXT_CONSTANT_BYTES) return undefined;
  const lines = [head];
  const words = bytes - (bytes % 4);
  const view = new DataView(contents.buffer, contents.byteOffset, contents.length);
  for (let at = 0; at < words; at += 4 * PER_LINE) {
    const places = Array.from({ length: Math.min(PER_LINE, (words - at) / 4) }, (_, i) => at + 4 * i);
    const floats = places.map((place) => floatText(view.getFloat32(place, true)));
    const values = floats.every((f) => f !== undefined)
      ? `f32 ${floats.join(', ')}`
      : `u32 ${places.map((place) => hex(view.getUint32(place, true))).join(', ')}`;
    lines.push(`.const ${hex(address + at)}, ${values}`);
  }
  if (words < bytes) lines.push(`.const ${hex(address + words)}, u8 ${[...contents.subarray(words)].join(', ')}`);
  return lines;
}

function fillValue(pattern: Uint8Array): string {
  const view = new DataView(pattern.buffer);
  const float = pattern.length === 4 ? floatText(view.getFloat32(0, true)) : undefined;
  if (float !== undefined) return `f32 ${float}`;
  const value = pattern.reduceRight((v, byte) => (v << 8n) | BigInt(byte), 0n);
  return `u${8 * pattern.length} 0x${value.toString(16)}`;
}

/** The shortest decimal that is read as the same float; undefined where the bits hardly mean one. */
function floatText(value: number): string | undefined {
  if (Object.is(value, 0)) return '0';
  const magnitude = Math.abs(value);
  if (!(magnitude >= 1e-12 && magnitude <= 1e12)) return undefined;
  for (let digits = 1; digits <= 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return text;
  }
  return undefined;
}
