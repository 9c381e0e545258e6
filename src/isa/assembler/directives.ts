/**
 * Directives: what a program that stands alone says about its machine, its DRAM and its layers.
 *   .machine NAME                            .dram BYTES
 *   .input NAME, ADDRESS, TYPE[DIMS]         .output NAME, ADDRESS, TYPE[DIMS]
 *   .const ADDRESS, TYPE VALUE, VALUE, …     .fill ADDRESS, BYTES, {TYPE} VALUE
 *   .node "NAME"    .equ NAME, VALUE    .word VALUE, …
 */
import { nearestName } from '#base';
import { machineNames } from '#machine';
import { SLOT_BYTES, type SlotType, type TensorSlot } from '../program.ts';
import { integerRange, isFloat, slotTypes, writeValue } from './elements.ts';
import {
  directiveForm,
  duplicateName,
  noMultiple,
  operandKind,
  unknownChoice,
  unknownDirective,
  unknownProgramMachine,
} from './errors.ts';
import { evaluateWithin, floatValue, type Scope } from './expressions.ts';
import { placeOf, splitOperands, type Token } from './tokens.ts';

export const USAGE: Readonly<Record<string, string>> = {
  '.machine': '.machine NAME',
  '.dram': '.dram BYTES',
  '.input': '.input NAME, ADDRESS, f32[1, 3, 8, 8]',
  '.output': '.output NAME, ADDRESS, f32[1, 10]',
  '.const': '.const ADDRESS, f32 1.5, -2, 3',
  '.fill': '.fill ADDRESS, BYTES, f32 0.5 (or a byte from 0 to 255)',
  '.node': '.node "NAME"',
  '.equ': '.equ NAME, VALUE',
  '.word': '.word 0x0100000000000000',
};

/** Bytes that `.const` or `.fill` put into DRAM; a fill is not written out until asked for. */
export interface DeclaredBytes {
  readonly token: Token;
  readonly address: number;
  readonly bytes: number;
  readonly data: () => Uint8Array;
}

export interface DeclaredSlot {
  readonly token: Token;
  readonly slot: TensorSlot;
}

/** What the directives of a file say, but for `.equ` and `.word`, which the passes themselves obey. */
export interface Declarations {
  machine?: string;
  dram?: { readonly token: Token; readonly bytes: number };
  readonly inputs: DeclaredSlot[];
  readonly outputs: DeclaredSlot[];
  readonly bytes: DeclaredBytes[];
  /** Layers in order; each begins at an instruction and ends where the next begins. */
  readonly nodes: { readonly name: string; readonly from: number }[];
}

/** Largest address, of 32 bits. */
const ADDRESS_MAX = 2 ** 32 - 1;

/** Obeys one directive. `index` is that of the next instruction. */
export function declare(tokens: readonly Token[], index: number, to: Declarations, scope: Scope): void {
  const [directive, ...rest] = tokens as [Token, ...Token[]];
  const { source, errors } = scope;
  const usage = USAGE[directive.text];
  if (usage === undefined) {
    const known = Object.keys(USAGE);
    const params = { name: directive.text, nearest: nearestName(directive.text, known), known };
    errors.add(unknownDirective(params, placeOf(source, directive)));
    return;
  }
  const operands = splitOperands(rest);
  const form = () =>
    errors.add(directiveForm({ directive: directive.text, usage }, placeOf(source, directive, tokens.at(-1))));
  const count = { '.input': 3, '.output': 3, '.fill': 3 }[directive.text] ?? 1;
  const many = directive.text === '.const';
  if (operands.some((o) => o.length === 0) || (many ? operands.length < 2 : operands.length !== count)) {
    form();
    return;
  }
  switch (directive.text) {
    case '.machine':
    case '.node': {
      const name = nameOf(rest);
      if (name === undefined) return form();
      if (directive.text === '.node') return void to.nodes.push({ name, from: index });
      const known = machineNames();
      if (!known.includes(name)) {
        const params = { name, nearest: nearestName(name, known), known };
        errors.add(unknownProgramMachine(params, placeOf(source, rest[0]!, rest.at(-1)!)));
      } else to.machine = name;
      return;
    }
    case '.dram': {
      const bytes = evaluateWithin(rest, scope, directive, 1, ADDRESS_MAX);
      if (bytes !== undefined) to.dram = { token: directive, bytes: Number(bytes) };
      return;
    }
    case '.input':
    case '.output': {
      const slots = directive.text === '.input' ? to.inputs : to.outputs;
      const name = nameOf(operands[0]!);
      if (name === undefined) return form();
      const earlier = slots.find((s) => s.slot.name === name);
      if (earlier !== undefined) {
        const place = placeOf(source, operands[0]![0]!, operands[0]!.at(-1)!);
        errors.add(duplicateName({ name, line: earlier.token.line }, place));
      }
      const address = evaluateWithin(operands[1]!, scope, directive, 0, ADDRESS_MAX);
      const type = tensorType(operands[2]!, scope, form);
      if (address === undefined || type === undefined) return;
      slots.push({ token: directive, slot: { name, ...type, address: Number(address) } });
      return;
    }
    case '.const':
    case '.fill': {
      const declared = directive.text === '.const' ? constant(operands, scope) : fill(operands, scope);
      if (declared !== undefined) to.bytes.push({ token: directive, ...declared });
    }
  }
}

/** A name as it stands, or text in quotes. */
function nameOf([first, extra]: readonly Token[]): string | undefined {
  if (extra !== undefined) return undefined;
  return first?.kind === 'string' ? first.content : first?.kind === 'name' ? first.text : undefined;
}

function typeOf(token: Token | undefined, scope: Scope): SlotType | undefined {
  if (token === undefined) return undefined;
  const type = slotTypes.get(token.text);
  if (type === undefined) {
    const known = [...slotTypes.keys()];
    const params = { name: token.text, nearest: nearestName(token.text, known), known };
    scope.errors.add(unknownChoice(params, placeOf(scope.source, token)));
  }
  return type;
}

/** `f32[1, 3, 8, 8]`; `f32` or `f32[]` is a scalar. Dense, row-major. */
function tensorType(
  tokens: readonly Token[],
  scope: Scope,
  form: () => void,
): Pick<TensorSlot, 'dtype' | 'dims' | 'strides'> | undefined {
  const [name, open] = tokens;
  const dtype = typeOf(name, scope);
  if (dtype === undefined) return undefined;
  const dims: number[] = [];
  if (open !== undefined) {
    if (open.text !== '[' || tokens.at(-1)?.text !== ']') {
      form();
      return undefined;
    }
    for (const dim of splitOperands(tokens.slice(2, -1))) {
      const value = evaluateWithin(dim, scope, open, 0, ADDRESS_MAX);
      if (value === undefined) return undefined;
      dims.push(Number(value));
    }
  }
  const strides = new Array<number>(dims.length);
  let stride = SLOT_BYTES[dtype];
  for (let i = dims.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= dims[i]!;
  }
  return { dtype, dims, strides };
}

/** One value of a type; reports what it cannot hold. */
function elementValue(
  tokens: readonly Token[],
  type: SlotType,
  scope: Scope,
  after: Token,
): number | bigint | undefined {
  const float = floatValue(tokens, scope.constants);
  if (isFloat(type)) return float ?? evaluateWithin(tokens, scope, after, -(2 ** 1023), 2 ** 1023);
  const { min, max } = integerRange(type);
  if (float === undefined) return evaluateWithin(tokens, scope, after, min, max);
  const kind = { en: `an integer for ${type}`, zh: ` ${type} 的整数` };
  const found = tokens.map((t) => t.text).join('');
  scope.errors.add(operandKind({ found, ...kind }, placeOf(scope.source, tokens[0]!, tokens.at(-1)!)));
  return undefined;
}

function constant(operands: Token[][], scope: Scope): Omit<DeclaredBytes, 'token'> | undefined {
  const [at, [typeToken, ...first], ...rest] = operands as [Token[], Token[], ...Token[][]];
  const address = evaluateWithin(at, scope, typeToken!, 0, ADDRESS_MAX);
  const type = typeOf(typeToken, scope);
  if (address === undefined || type === undefined) return undefined;
  const size = SLOT_BYTES[type];
  const bytes = new Uint8Array(size * (1 + rest.length));
  const view = new DataView(bytes.buffer);
  let good = true;
  for (const [i, tokens] of [first, ...rest].entries()) {
    const value = elementValue(tokens, type, scope, typeToken!);
    if (value === undefined) good = false;
    else writeValue(view, i * size, type, value);
  }
  return good ? { address: Number(address), bytes: bytes.length, data: () => bytes } : undefined;
}

function fill(operands: Token[][], scope: Scope): Omit<DeclaredBytes, 'token'> | undefined {
  const [at, length, what] = operands as [Token[], Token[], Token[]];
  const address = evaluateWithin(at, scope, at[0]!, 0, ADDRESS_MAX);
  const bytes = evaluateWithin(length, scope, length[0]!, 1, ADDRESS_MAX);
  const typed = what.length > 1 && slotTypes.has(what[0]!.text);
  const type = typed ? slotTypes.get(what[0]!.text)! : 'uint8';
  const value = elementValue(typed ? what.slice(1) : what, type, scope, what[0]!);
  if (address === undefined || bytes === undefined || value === undefined) return undefined;
  const size = SLOT_BYTES[type];
  if (Number(bytes) % size !== 0) {
    scope.errors.add(
      noMultiple({ bytes: Number(bytes), type, size }, placeOf(scope.source, length[0]!, length.at(-1)!)),
    );
    return undefined;
  }
  const element = new Uint8Array(size);
  writeValue(new DataView(element.buffer), 0, type, value);
  return { address: Number(address), bytes: Number(bytes), data: () => repeat(element, Number(bytes)) };
}

/** `element` over and over, `bytes` in all. */
export function repeat(element: Uint8Array, bytes: number): Uint8Array {
  const out = new Uint8Array(bytes);
  out.set(element.subarray(0, bytes));
  for (let done = element.length; done < bytes; done *= 2) out.copyWithin(done, 0, Math.min(done, bytes - done));
  return out;
}
