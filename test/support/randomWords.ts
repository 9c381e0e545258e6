/**
 * Programs of arbitrary words: some of random bits, most valid instructions with random fields (small registers and records more often,
 * so that they meet), on a machine with small memories. They mean nothing; whatever they do must be a result or a coded error.
 */
import { Random } from '#base';
import { encode, type Field, fieldRange, instructions, type Program, RECORDS, SCALAR_REGISTERS } from '#isa';
import { type Machine, presets } from '#machine';

const BYTES = 4096;

/** @param machine its memories are made small */
export function randomWords(seed: number, machine: Machine = presets.get('textbook-single')!): Program {
  const random = new Random(seed);
  const length = random.integer(1, 24);
  const words = Array.from({ length }, (_, at) => word(random, at, length));
  // Half of them can end.
  if (random.uniform() < 0.5) words.push(encode({ mnemonic: 'halt', fields: {} }));
  const data = new Uint8Array(BYTES).map(() => random.integer(0, 255));
  return {
    name: `words ${seed}`,
    machine: { ...machine, nram: { bytes: BYTES }, wram: { bytes: BYTES } },
    words: BigUint64Array.from(words),
    dramBytes: BYTES,
    constants: [{ name: 'all', address: 0, bytes: BYTES, data: () => data }],
    inputs: [],
    outputs: [{ name: 'all', dtype: 'uint8', dims: [BYTES], strides: [1], address: 0 }],
    host: [],
    layers: [],
  };
}

function word(random: Random, at: number, length: number): bigint {
  if (random.uniform() < 0.03)
    return (BigInt(random.integer(0, 0xffffffff)) << 32n) | BigInt(random.integer(0, 0xffffffff));
  const definition = random.pick(instructions);
  const fields = Object.fromEntries(definition.fields.map((f) => [f.name, value(random, f, at, length)]));
  return encode({ mnemonic: definition.mnemonic, fields });
}

function value(random: Random, field: Field, at: number, length: number): number {
  switch (field.kind) {
    case 'register':
      return random.uniform() < 0.9 ? random.integer(0, 5) : random.integer(0, SCALAR_REGISTERS - 1);
    case 'record':
      return random.uniform() < 0.9 ? random.integer(0, 2) : random.integer(0, RECORDS - 1);
    case 'flag':
      return random.integer(0, 1);
    case 'enum':
      return random.integer(0, field.names!.length - 1);
    case 'label': {
      const { min, max } = fieldRange(field);
      return Math.min(max, Math.max(min, random.integer(-at - 1, length - at + 1)));
    }
    default: {
      const { min, max } = fieldRange(field);
      const small = random.uniform() < 0.8 ? random.integer(0, 16) * random.pick([1, 4]) : random.integer(min, max);
      return Math.min(max, Math.max(min, small));
    }
  }
}
