/** A program that stands alone: an assembly file with directives, as `systole sim FILE.s` runs it. */
import { internalError, type Place, throwErrors } from '#base';
import { DEFAULT_MACHINE, type Machine, presets } from '#machine';
import type { Instruction } from '../define.ts';
import { type LayerPlan, type Program, SLOT_BYTES, type TensorSlot } from '../program.ts';
import { byMnemonic } from '../registry.ts';
import { type AssembleOptions, type Assembly, assembleInto, ERROR_LIMIT } from './assemble.ts';
import { ErrorList, noHostParts, noInstruction, outsideDram, overlap, tooLong } from './errors.ts';
import { placeOf, type Source } from './tokens.ts';

export interface AssembleProgramOptions extends AssembleOptions {
  /** Goes before `.machine`; without both, `textbook-single`. */
  readonly machine?: Machine;
}

/** DRAM of a program without `.dram` ends at a multiple of this. */
const DRAM_ALIGNMENT = 64;

/**
 * Assembles a file with its directives into a Program.
 * @throws SYS-ASM-… with the place; the other errors of the file in its `others`
 */
export function assembleProgram(text: string, options: AssembleProgramOptions): Program {
  const errors = new ErrorList(ERROR_LIMIT);
  let program: Program | undefined;
  errors.collect(() => {
    program = build(text, options, errors);
  });
  throwErrors(errors.sorted());
  if (program === undefined) throw internalError({ what: 'assembler without program or error' });
  return program;
}

function build(text: string, options: AssembleProgramOptions, errors: ErrorList): Program {
  const { file } = options;
  const source: Source = { file, text };
  const assembly = assembleInto(text, file, errors);
  const { words, declarations } = assembly;
  const machine = options.machine ?? presets.get(declarations.machine ?? DEFAULT_MACHINE)!;

  if (words.length === 0 && errors.errors.length === 0) errors.add(noInstruction({}, { file, line: 1, source: text }));
  if (words.length > machine.control.instructionWords) {
    const capacity = machine.control.instructionWords;
    errors.add(tooLong({ words: words.length, capacity, machine: machine.name }, { file }));
  }
  for (const [i, instruction] of assembly.instructions.entries()) {
    if (instruction?.mnemonic !== 'host') continue;
    errors.add(noHostParts({ part: instruction.fields.part! }, lineOf(assembly, i, source)));
  }

  const slots = [...declarations.inputs, ...declarations.outputs];
  const ranges = [
    ...slots.map(({ token, slot }) => ({ token, from: slot.address, to: slot.address + slotBytes(slot) })),
    ...declarations.bytes.map((b) => ({ token: b.token, from: b.address, to: b.address + b.bytes })),
  ];
  const extent = ranges.reduce((most, r) => Math.max(most, r.to), 0);
  const dramBytes =
    declarations.dram?.bytes ??
    Math.min(machine.dram.bytes, Math.max(DRAM_ALIGNMENT, Math.ceil(extent / DRAM_ALIGNMENT) * DRAM_ALIGNMENT));
  if (dramBytes > machine.dram.bytes) {
    const place = placeOf(source, declarations.dram!.token);
    errors.add(outsideDram({ from: 0, to: dramBytes, dram: machine.dram.bytes }, place));
  }
  for (const { token, from, to } of ranges) {
    if (to > dramBytes) errors.add(outsideDram({ from, to, dram: dramBytes }, placeOf(source, token)));
  }
  const constants = [...declarations.bytes].sort((a, b) => a.address - b.address);
  for (const [i, b] of constants.entries()) {
    const before = constants[i - 1];
    if (before === undefined || before.address + before.bytes <= b.address) continue;
    const [first, second] = before.token.line < b.token.line ? [before, b] : [b, before];
    const to = Math.min(before.address + before.bytes, b.address + b.bytes);
    errors.add(overlap({ from: b.address, to, line: first.token.line }, placeOf(source, second.token)));
  }

  return {
    name: file.replace(/^.*[\\/]/, '').replace(/\.(s|asm)$/i, ''),
    machine,
    words,
    dramBytes,
    constants: constants.map(({ token, address, bytes, data }) => ({
      name: `line ${token.line}`,
      address,
      bytes,
      data,
    })),
    inputs: declarations.inputs.map((d) => d.slot),
    outputs: declarations.outputs.map((d) => d.slot),
    host: [],
    layers: layersOf(assembly),
  };
}

const slotBytes = (slot: TensorSlot): number => slot.dims.reduce((a, b) => a * b, SLOT_BYTES[slot.dtype]);

function lineOf(assembly: Assembly, index: number, source: Source): Place {
  return { file: source.file, line: assembly.lines[index]!, source: source.text, instruction: index };
}

/** One layer for each `.node`. What it computes is not known here, so it claims no work and no compulsory traffic. */
function layersOf({ declarations, instructions }: Assembly): LayerPlan[] {
  const nodes = declarations.nodes.map((node, i) => ({
    ...node,
    to: declarations.nodes[i + 1]?.from ?? instructions.length,
  }));
  return nodes
    .filter((node) => node.to > node.from)
    .map(({ name, from, to }, index) => ({
      index,
      name,
      nodes: [name],
      op: 'assembly',
      where: whereOf(instructions.slice(from, to)),
      macs: 0,
      vectorOps: 0,
      inputBytes: 0,
      weightBytes: 0,
      outputBytes: 0,
      outputShape: [],
      loops: [],
      from,
      to,
    }));
}

function whereOf(instructions: readonly (Instruction | undefined)[]): LayerPlan['where'] {
  const units = new Set(instructions.map((i) => i && byMnemonic.get(i.mnemonic)?.unit));
  if (units.has('matrix')) return 'matrix';
  if (units.has('vector')) return 'vector';
  return units.has('load') || units.has('store') ? 'dma' : 'none';
}
