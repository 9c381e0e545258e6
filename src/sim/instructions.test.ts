/**
 * Registry-wide: every instruction, with every value of its enum fields that is legal, executed by both models. They must
 * have executed the same entries and leave the same results, so that an instruction without an implementation in either fails.
 */
import { describe, expect, test } from 'vitest';
import {
  ACTIVATIONS,
  BARRIER_SCOPES,
  COMPUTE_TYPES,
  CORE_NUMBERS,
  decode,
  ELEMENT_BYTES,
  ELEMENT_TYPES,
  encode,
  encodeStream,
  type HostPart,
  type InstructionDefinition,
  instructions,
  MMA_TYPES,
  MULTICASTS,
  type Program,
  packWeights,
  pruneTwoOfFour,
  QUEUES,
  SCRATCHPADS,
  SPACES,
  STREAM_FORMATS,
  SYNC_SCOPES,
  type TensorSlot,
  WEIGHT_FORMATS,
  WINOGRAD_TILES,
  type WinogradTile,
  type WinogradTransform,
  winogradSides,
} from '#isa';
import { MATRIX_TYPES, type Machine, presets } from '#machine';
import { assembled, machineWith } from '../../test/support/processor.ts';
import { VECTOR_BODIES, VECTOR_WORDS } from '../../test/support/vectorBodies.ts';
import { createSimulation } from './cycle.ts';
import { runFunctional } from './functional.ts';
import { TraceRecorder } from './trace.ts';

const types = { f16: { tn: 8, ti: 16 }, bf16: { tn: 16, ti: 16 }, i8: { tn: 2, ti: 4 }, i16: { tn: 16, ti: 2 } };
/** A machine of one core with everything that a machine may have; sparse weights in one form or the other. */
const machineFor = (text: string): Machine =>
  machineWith('textbook-single', {
    dma: { queues: 2, decompressor: { elementsPerCycle: 8, pipelineCycles: 1 } },
    matrix: { types, sparsity: { weights: text.includes('bitmap') ? 'bitmap' : '2:4' } } as Partial<Machine['matrix']>,
    winograd: { lanes: 4, tileCycles: { f2: 4, f4: 6 }, pipelineCycles: 2 },
    cluster: { cores: 1, sharedRam: { bytes: 4096, link: { bytes: 16, cycles: 1 }, ports: 'one' } },
  });
const slot = (name: string, address: number): TensorSlot => ({
  name,
  dtype: 'float32',
  dims: [8],
  strides: [4],
  address,
});
const PART: HostPart = {
  name: 'double',
  onnx: new Uint8Array(0),
  inputs: [slot('p', 0)],
  outputs: [slot('q', 0)],
  cycles: 1,
};
const double = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(new Float32Array(bytes.slice().buffer).map((v) => 2 * v).buffer);

/**
 * What is executed stands between: NRAM and WRAM hold 16 numbers, R1 is eight of them, R2 one; r1 = 7, r2 = −3. Behind it eight words (or more)
 * at NRAM r5 and the register r10 are written out, the register as the fill of a record without an inside.
 */
const around = (body: string, words = 8): string => `
  .dram 16384
  .const 0, f32 0.5, -1, 2, 0.25, -0.125, 3, 1, -2, 0.75, 1.5, -0.5, 4, -3, 0.0625, 5, 1.25
  .output y, 4096, f32[${words}]
  .output z, 0, f32[8]
  .output s, 8192, f32[1]
    cfg.dimi R3, 0, 16, 4
    cfg.dimi R1, 0, 8, 4
    li r1, 7
    li r2, -3
    li r5, 32
    load nram, r0, r0, R3, R3, f32
    load wram, r0, r0, R3, R3, f32
    sync
    ${body}
    sync
    li r60, 4096
    cfg.dimi R29, 0, ${words}, 4
    store nram, r60, r5, R29, R29, f32
    cfg.clear R30
    cfg.clear R31
    cfg.fill R31, r10
    cfg.bound R31, 0, r0, r0
    li r61, 65536
    load nram, r61, r0, R30, R31, f32
    sync
    li r60, 8192
    store nram, r60, r61, R30, R30, f32
    halt`;

const three = (mnemonic: string) => [`${mnemonic} r10, r1, r2`, `${mnemonic} r10, r2, r1`];
const branches = (mnemonic: string) => [
  `li r10, 1\n${mnemonic} r1, r2, first\nli r10, 2
   first: ${mnemonic} r2, r1, second\naddi r10, r10, 4
   second: ${mnemonic} r1, r1, third\naddi r10, r10, 8
   third: nop`,
];
/** A record of the body's own as the source of a load that r5 sees. */
const recorded = (...lines: string[]) => [[...lines, 'load nram, r5, r0, R1, R4, f32'].join('\n')];
const TWO_BY_THREE = `
  cfg.dimi R4, 0, 2, 16
  cfg.dimi R5, 0, 4, 4
  cfg.dimi R6, 0, 2, 12
  cfg.dimi R6, 4, 3, 0
  li r6, 48
  cfg.act r0, r6`;

/** An mma of a type to each result that its sums can become; rows of results are 24 bytes apart. */
const typed = (type: keyof typeof MMA_TYPES, options: string, ...before: readonly string[]): string[] =>
  MMA_TYPES[type].results.map(
    (result) =>
      `${[TWO_BY_THREE, 'cfg.dimi R6, 0, 2, 24', ...before].join('\n')}
       li r5, 128\nload nram, r5, r0, R1, R1, f32\nsync
       mma r5, r0, r0, R4, R5, R6, r0, r0, ${type}, clear, drain${result === 'sum' ? '' : `, to ${result}`}${options}`,
  );

const sides = (transform: WinogradTransform, tile: WinogradTile): [number, number] => {
  const { source, result } = winogradSides(transform, tile);
  return [source, result];
};

/** Bytes of 8 elements, of which two of each four are no zeros. */
const PAIRS = [0, 3, 0, 7, 200, 9, 0, 0];

/** Two tiles of `side` × `side` over the numbers at 0, with results from 512 on, which are then moved to where they are read. */
const transforming = (transform: string, side: number, result: number): string => `
  li r5, 512
  cfg.dimi R4, 1, 2, 4
  cfg.dimi R4, 3, ${side}, 4
  cfg.dimi R4, 4, ${side}, 4
  cfg.dimi R5, 1, 2, 4
  cfg.dimi R5, 3, 1, 8
  cfg.dimi R5, 4, 1, ${8 * result}
  ${transform}
  sync
  li r6, 4096
  cfg.dimi R7, 0, 8, 4
  ${/, wram$/.test(transform) ? 'store wram, r6, r5, R7, R7, f32' : 'store nram, r6, r5, R7, R7, f32'}
  sync
  load nram, r5, r6, R7, R7, f32`;

const BODIES: Readonly<Record<string, readonly string[]>> = {
  nop: ['nop'],
  halt: [''],
  sync: SYNC_SCOPES.map((scope) => (scope === 'core' ? 'sync' : `sync ${scope}`)),
  barrier: BARRIER_SCOPES.map((scope) => `barrier ${scope}`),
  csr: CORE_NUMBERS.map((number) => `csr r10, ${number}`),
  host: ['nop\nload nram, r5, r0, R1, R1, f32'],
  li: ['li r10, 5', 'li r10, -1.5f'],
  ...Object.fromEntries(
    ['add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'sra', 'min', 'max', 'slt'].map((m) => [m, three(m)]),
  ),
  addi: ['addi r10, r1, -9'],
  muli: ['muli r10, r2, 9'],
  mad: ['mad r10, r1, r2, r1'],
  ...Object.fromEntries(['beq', 'bne', 'blt', 'bge'].map((m) => [m, branches(m)])),
  jmp: ['li r10, 1\njmp on\nli r10, 2\non: nop'],
  call: ['jmp on\nsub: addi r10, r9, 100\nret r9\non: call r9, sub'],
  ret: ['jmp on\nsub: addi r10, r9, 100\nret r9\non: call r9, sub'],
  lw: ['li r6, 12\nsw r1, r6, 4\nlw r10, r0, 16'],
  sw: ['li r6, 12\nsw r2, r6, -4\nlw r10, r0, 8'],
  loop: ['loop r1, out\naddi r10, r10, 3\nout: nop', 'loop r2, out\naddi r10, r10, 3\nout: nop'],
  loopi: ['loopi 5\naddi r10, r10, 3\nendloop'],
  'cfg.dim': recorded('li r6, 4', 'li r7, 8', 'cfg.dim R4, 0, r6, r7', 'cfg.dim R4, 1, r6, r0'),
  'cfg.dimi': recorded('cfg.dimi R4, 0, 3, 8', 'cfg.dimi R4, 4, 2, 4'),
  'cfg.bound': recorded('cfg.dimi R4, 0, 8, 4', 'li r6, 2', 'cfg.bound R4, 0, r6, r1'),
  'cfg.fill': recorded('cfg.dimi R4, 0, 8, 4', 'li r6, 2.5f', 'cfg.fill R4, r6', 'cfg.bound R4, 0, r0, r0'),
  'cfg.clear': recorded('cfg.dimi R4, 0, 8, 4', 'cfg.clear R4'),
  'cfg.act': [
    `${TWO_BY_THREE}\nli r6, 0.75f\nli r7, 1.0f\ncfg.act r6, r7\nmma r5, r0, r0, R4, R5, R6, r0, r0, f32, clear, drain, clamp`,
  ],
  'cfg.quant': [
    ...typed('i8', '', 'cfg.quant -100, 200, 7, weights u8'),
    ...typed('u8', ', bias', 'cfg.quant 255, -128, 0, weights i8'),
    ...typed('u8', '', 'cfg.quant 3, 9, 100'),
  ],
  signal: QUEUES.map((q, i) => `signal ${q}, ${i}\nwait ${q}, ${i}`),
  wait: QUEUES.map((q, i) => `signal ${q}, ${i}\nwait ${q}, ${i}`),
  'signal.to': QUEUES.map((q, i) => `signal.to ${q}, ${i}, r0\nwait ${q}, ${i}`),
  load: [
    ...SPACES.flatMap((space) =>
      ELEMENT_TYPES.map(
        (t) => `cfg.dimi R4, 0, 4, 8\nli r5, 128\nload nram, r5, r0, R1, R1, f32\nload ${space}, r5, r0, R4, R4, ${t}`,
      ),
    ),
    ...MULTICASTS.slice(1).map((mc) => `li r5, 128\nload nram, r5, r0, R1, R1, f32, ${mc}`),
  ],
  store: SPACES.flatMap((space) =>
    ELEMENT_TYPES.map(
      (t) =>
        `load shared, r0, r0, R1, R1, f32\nsync\ncfg.dimi R4, 0, 2, 8\nli r6, 8\nstore ${space}, r6, r0, R4, R4, ${t}`,
    ),
  ),
  get: SCRATCHPADS.flatMap((space) =>
    ELEMENT_TYPES.map(
      (t, i) => `load shared, r0, r0, R3, R3, f32\nsync\ncfg.dimi R4, 0, 2, 8\nli r6, 8\nli r5, 128\nli r7, 1
        cfg.fill R4, r6\ncfg.bound R4, 0, r7, r6\nload nram, r5, r0, R1, R1, f32\nsync
        get ${space}, r5, r6, R4, R4, ${t}${i % 2 === 0 ? ', mc' : ''}`,
    ),
  ),
  put: SCRATCHPADS.flatMap((space) =>
    ELEMENT_TYPES.map(
      (t) => `load shared, r0, r0, R3, R3, f32\nsync\ncfg.dimi R4, 0, 2, 8\nli r6, 8\nli r5, 128
        put ${space}, r6, r0, R4, R4, ${t}\nsync\nget nram, r5, r0, R1, R1, f32`,
    ),
  ),
  mma: [
    ...ACTIVATIONS.flatMap((act) =>
      ['clear, drain', 'clear, drain, bias', 'clear'].map(
        (flags) =>
          `${TWO_BY_THREE}\nli r5, 128\nload nram, r5, r0, R1, R1, f32\nsync
           mma r5, r0, r0, R4, R5, R6, r0, r0, f32, ${flags}${act === 'none' ? '' : `, ${act}`}
           ${flags === 'clear' ? 'mma r5, r0, r0, R4, R5, R6, r0, r0, f32, drain' : ''}`,
      ),
    ),
    ...MATRIX_TYPES.flatMap((type) => ['', ', bias', ', clamp', ', leaky'].flatMap((options) => typed(type, options))),
  ],
  'load.sparse': SCRATCHPADS.flatMap((space) =>
    ELEMENT_TYPES.flatMap((type) =>
      STREAM_FORMATS.map((format) => {
        const width = ELEMENT_BYTES[type];
        const stream = encodeStream(format, Uint8Array.of(...PAIRS.flatMap((v) => new Array(width).fill(v))), width);
        if (!(stream instanceof Uint8Array)) throw new Error('two of four are kept');
        return `.const 1024, u8 ${[...stream].join(', ')}
          cfg.dimi R4, 0, 8, ${2 * width}
          li r6, 1024
          li r7, ${stream.length}
          li r5, 128
          load nram, r5, r0, R3, R3, f32
          load.sparse ${space}, r5, r6, r7, R4, ${type}, ${format}`;
      }),
    ),
  ),
  'mma.sparse': WEIGHT_FORMATS.flatMap((format) =>
    ACTIVATIONS.flatMap((act) =>
      ['clear, drain', 'clear, drain, bias', 'clear'].map((flags) => {
        // Six elements of reduction would be no whole groups: two pixels of eight elements, three filters.
        const weights = Float32Array.from({ length: 24 }, (_, i) => (i % 4 < 2 ? 0.25 * i - 2 : 0));
        const packed = packWeights(format, pruneTwoOfFour(weights, 3), 3, 16);
        if (!('bytes' in packed)) throw new Error('two of four are kept');
        const { bytes, rows } = packed;
        const mma = (options: string): string =>
          `mma.sparse r5, r0, r7, R4, R5, R6, r0, r0, f32, ${format}, ${options}`;
        return `.const 1024, u8 ${[...bytes].join(', ')}
          cfg.dimi R4, 0, 2, 16
          cfg.dimi R4, 4, ${rows}, 0
          cfg.dimi R5, 0, 8, 4
          cfg.dimi R6, 0, 2, 12
          cfg.dimi R6, 4, 3, 0
          cfg.dimi R7, 0, ${bytes.length / 4}, 4
          li r5, 128
          li r6, 1024
          li r7, 256
          load nram, r5, r0, R1, R1, f32
          load wram, r7, r6, R7, R7, f32
          li r6, 48
          cfg.act r0, r6
          sync
          ${mma(`${flags}${act === 'none' ? '' : `, ${act}`}`)}
          ${flags === 'clear' ? mma('drain') : ''}`;
      }),
    ),
  ),
  'wino.input': WINOGRAD_TILES.map((tile) =>
    transforming(`wino.input r5, r0, R5, R4, f32, ${tile}`, ...sides('input', tile)),
  ),
  'wino.weight': WINOGRAD_TILES.flatMap((tile) =>
    SCRATCHPADS.flatMap((from) =>
      SCRATCHPADS.map((to) =>
        transforming(`wino.weight r5, r0, R5, R4, f32, ${tile}, ${from}, ${to}`, ...sides('weight', tile)),
      ),
    ),
  ),
  'wino.output': WINOGRAD_TILES.map((tile) =>
    transforming(`wino.output r5, r0, R5, R4, f32, ${tile}`, ...sides('output', tile)),
  ),
  vec: VECTOR_BODIES,
  'cfg.zero': ['li r6, 2.0f\ncfg.zero r2\nvec.quant r5, r0, r6, R1, R1, R1, f32, scalar, to i32'],
};

/** Words that they leave where those are not eight. */
const WORDS: Readonly<Record<string, number>> = { vec: VECTOR_WORDS };

/** They have no data: the cycle model counts their time, and both refuse to run them with data. */
const TIMING_ONLY: Readonly<Record<string, readonly string[]>> = {
  'dma.linear': [
    'dma.linear dram, nram, 64, mc',
    'dma.linear dram, shared, 64',
    'dma.linear shared, wram, 64',
    'dma.linear nram, dram, 64',
    'dma.linear wram, dram, 64',
  ],
  'mac.linear': COMPUTE_TYPES.map((type) => `mac.linear.${type} 64`),
};

const [NOP, HOST] = [encode({ mnemonic: 'nop', fields: {} }), encode({ mnemonic: 'host', fields: { part: 0 } })];

/** Values of enum fields that are legal in the word and refused by the units. */
const REFUSED: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  mma: { type: ['i32', 'i64'] },
  vec: { type: ['i64'] },
  'mma.sparse': { type: ELEMENT_TYPES.slice(1) },
  'wino.input': { type: ELEMENT_TYPES.slice(1) },
  'wino.weight': { type: ELEMENT_TYPES.slice(1) },
  'wino.output': { type: ELEMENT_TYPES.slice(1) },
};

/** Every value of every enum field, and every flag in both states, occurs in some program. */
function expectCovered(definition: InstructionDefinition, programs: readonly Program[]): void {
  const words = programs.flatMap(({ words }) => [...words].map((word) => decode(word)));
  const own = words.filter((i) => i.mnemonic === definition.mnemonic);
  expect(own.length).toBeGreaterThan(0);
  for (const { name, kind, names } of definition.fields) {
    const refused = REFUSED[definition.mnemonic]?.[name] ?? [];
    const values = new Set(own.map((i) => i.fields[name]));
    if (kind === 'enum') {
      const legal = names!.map((word, i) => (refused.includes(word) ? -1 : i)).filter((i) => i >= 0);
      expect(
        [...values].sort((x, y) => x! - y!),
        name,
      ).toEqual(legal);
    }
    if (kind === 'flag') expect(values.size, name).toBe(2);
  }
}

describe.each(instructions.map((d) => [d.mnemonic, d] as const))('%s', (mnemonic, definition) => {
  test('is executed alike by both models', async () => {
    const bodies = BODIES[mnemonic];
    if (bodies === undefined) {
      const texts = TIMING_ONLY[mnemonic];
      expect(texts, `write what executes '${mnemonic}' into BODIES`).toBeDefined();
      const programs = texts!.map((text) => assembled(`.dram 64\n${text}\nhalt`, presets.get('textbook-cluster')!));
      expectCovered(definition, programs);
      for (const program of programs) {
        const state = createSimulation(program, { data: false }).run();
        expect(state.state === 'done' && state.result.cycles).toBeGreaterThan(0);
        expect(() => createSimulation(program, { data: true })).toThrow(
          expect.objectContaining({ code: 'SYS-SIM-009' }),
        );
        await expect(runFunctional(program)).rejects.toMatchObject({ code: 'SYS-SIM-009' });
      }
      return;
    }
    const programs = bodies.map((body) => {
      const program = assembled(around(body, WORDS[mnemonic]), machineFor(body), { host: [PART] });
      // An assembly file has no host parts: there a 'nop' stands in.
      if (mnemonic !== 'host') return program;
      return { ...program, words: program.words.map((word) => (word === NOP ? HOST : word)) };
    });
    expectCovered(definition, programs);
    for (const [i, program] of programs.entries()) {
      const recorder = new TraceRecorder();
      const simulation = createSimulation(program, { data: true, observer: recorder.observer });
      let state = simulation.run();
      if (state.state === 'host') {
        simulation.writeTensor(PART.outputs[0]!, double(simulation.readTensor(PART.inputs[0]!)));
        state = simulation.run();
      }
      const functional = await runFunctional(program, { host: (_, inputs) => inputs.map(double) });
      expect(recorder.trace, bodies[i]).toEqual(functional.trace);
      expect(state.state === 'done' && state.result.dynamicInstructions).toBe(functional.executed);
      for (const [name, bytes] of functional.outputs) expect(simulation.readOutput(name), bodies[i]).toEqual(bytes);
    }
  });
});
