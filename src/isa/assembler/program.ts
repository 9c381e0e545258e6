/** A program that stands alone: an assembly file with directives, as `systole sim FILE.s` runs it. */
import { internalError, type Place, throwErrors } from '#base';
import { DEFAULT_MACHINE, type Machine, presets } from '#machine';
import type { Instruction } from '../define.ts';
import { type ConstantSegment, type LayerPlan, type Program, slotExtent } from '../program.ts';
import { byMnemonic } from '../registry.ts';
import { assembleTextbook, isTextbook } from '../textbook/textbook.ts';
import { type AssembleOptions, type Assembly, assembleInto, ERROR_LIMIT } from './assemble.ts';
import type { DeclaredBytes, DeclaredConstant } from './directives.ts';
import {
  ErrorList,
  incompleteConstant,
  noHostParts,
  noInstruction,
  omittedPart,
  outsideDram,
  overlap,
  tooLong,
} from './errors.ts';
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
export const assembleProgram = (text: string, options: AssembleProgramOptions): Program =>
  assembleFile(text, options).program;

export interface AssembledFile {
  readonly program: Program;
  /** Source line of each word; 0 for a word that no line stands for. */
  readonly lines: Int32Array;
}

/**
 * Assembles a file in either dialect: with the instructions of the processor, or in the textbook's (`move`, `compute`).
 * @throws SYS-ASM-… with the place; the other errors of the file in its `others`
 */
export function assembleFile(text: string, options: AssembleProgramOptions): AssembledFile {
  if (isTextbook(text)) return assembleTextbook(text, options);
  const errors = new ErrorList(ERROR_LIMIT);
  let made: AssembledFile | undefined;
  errors.collect(() => {
    made = build(text, options, errors);
  });
  throwErrors(errors.sorted());
  if (made === undefined) throw internalError({ what: 'assembler without program or error' });
  return made;
}

function build(text: string, options: AssembleProgramOptions, errors: ErrorList): AssembledFile {
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
  for (const { token, kind, name } of declarations.omitted) {
    if (kind === 'machine' && options.machine !== undefined) continue;
    errors.add(omittedPart({ kind, name }, placeOf(source, token)));
  }
  const hostIsOmitted = declarations.omitted.some((o) => o.kind === 'host');
  for (const [i, instruction] of assembly.instructions.entries()) {
    if (instruction?.mnemonic !== 'host' || hostIsOmitted) continue;
    errors.add(noHostParts({ part: instruction.fields.part! }, lineOf(assembly, i, source)));
  }

  const slots = [...declarations.inputs, ...declarations.outputs];
  const ranges = [
    ...slots.map(({ token, slot }) => ({ token, ...slotExtent(slot) })),
    ...[...declarations.bytes, ...declarations.constants].map(({ token, address, bytes }) => ({
      token,
      from: address,
      to: address + bytes,
    })),
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
    if (from < 0 || to > dramBytes) errors.add(outsideDram({ from, to, dram: dramBytes }, placeOf(source, token)));
  }
  const pieces = disjoint(declarations.bytes, source, errors);
  const named = disjoint(declarations.constants, source, errors);
  const whole = named.map((constant) => wholeConstant(constant, pieces, source, errors));
  const single = pieces
    .filter((p) => !named.some((c) => holds(c, p)))
    .map((p) => ({ ...p, name: `line ${p.token.line}` }));
  const constants = [...single, ...whole].sort((a, b) => a.address - b.address);

  const program: Program = {
    name: declarations.name ?? file.replace(/^.*[\\/]/, '').replace(/\.(s|asm)$/i, ''),
    machine,
    ...(declarations.cores === undefined ? {} : { cores: declarations.cores }),
    words,
    dramBytes,
    constants: constants.map(({ name, address, bytes, data }): ConstantSegment => ({ name, address, bytes, data })),
    inputs: declarations.inputs.map((d) => d.slot),
    outputs: declarations.outputs.map((d) => d.slot),
    host: [],
    layers: layersOf(assembly),
  };
  return { program, lines: assembly.lines };
}

type Range = Omit<DeclaredBytes, 'data'>;

/** By address; that two overlap is reported. */
function disjoint<T extends Range>(list: readonly T[], source: Source, errors: ErrorList): T[] {
  const inOrder = [...list].sort((a, b) => a.address - b.address);
  for (const [i, b] of inOrder.entries()) if (i > 0) checkApart(inOrder[i - 1]!, b, source, errors);
  return inOrder;
}

/** Reports an overlap at the later line. */
function checkApart(a: Range, b: Range, source: Source, errors: ErrorList): void {
  const from = Math.max(a.address, b.address);
  const to = Math.min(a.address + a.bytes, b.address + b.bytes);
  if (from >= to) return;
  const [first, second] = a.token.line < b.token.line ? [a, b] : [b, a];
  errors.add(overlap({ from, to, line: first.token.line }, placeOf(source, second.token)));
}

const holds = (constant: DeclaredConstant, piece: DeclaredBytes): boolean =>
  constant.address <= piece.address && piece.address + piece.bytes <= constant.address + constant.bytes;

/** A named constant of the pieces inside it, which must leave nothing open. */
function wholeConstant(
  constant: DeclaredConstant,
  pieces: readonly DeclaredBytes[],
  source: Source,
  errors: ErrorList,
): DeclaredBytes & { readonly name: string } {
  const { name, address, bytes } = constant;
  const inside = pieces.filter((p) => holds(constant, p));
  for (const piece of pieces) if (!holds(constant, piece)) checkApart(constant, piece, source, errors);
  let to = address;
  for (const piece of inside) if (piece.address <= to) to = Math.max(to, piece.address + piece.bytes);
  if (to < address + bytes) {
    errors.add(incompleteConstant({ name, address: to }, placeOf(source, constant.token)));
  }
  const data = (): Uint8Array => {
    const [only] = inside;
    if (only?.bytes === bytes) return only.data();
    const contents = new Uint8Array(bytes);
    for (const piece of inside) contents.set(piece.data(), piece.address - address);
    return contents;
  };
  return { ...constant, data };
}

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
    .flatMap(({ name, from, to }) => (name === undefined || from === to ? [] : [{ name, from, to }]))
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
  if (units.has('winograd')) return 'winograd';
  return units.has('load') || units.has('store') ? 'dma' : 'none';
}
