/** Compiled programs as assembly text: what is assembled from it is the same program, or it is refused. */
import { describe, expect, test } from 'vitest';
import { SystoleError } from '#base';
import { sharedEngine } from '#engine';
import { compileModel, executeProgram } from '#flow';
import { assembleProgram, disassembleProgram, type Program } from '#isa';
import { PRESETS } from '../support/machines.ts';
import { machineWith } from '../support/processor.ts';
import { randomProcessorGraph } from '../support/processorGraphs.ts';
import { BATCH, tourInput, tourModel } from '../tour/network.ts';

const file = 'net.s';
const machines = PRESETS;

/** What the text must bring back: everything but the compiler's plan. */
function meaning(program: Program) {
  const layerOf = Array.from(program.words, (_, i) => program.layers.find((l) => l.from <= i && i < l.to)?.name);
  return {
    name: program.name,
    machine: program.machine,
    words: program.words,
    dramBytes: program.dramBytes,
    inputs: program.inputs,
    outputs: program.outputs,
    constants: program.constants
      .map(({ name, address, bytes, data }) => ({ name, address, bytes, data: [...data()] }))
      .sort((a, b) => a.address - b.address),
    layerOf,
  };
}

function refusal(text: string, options: Parameters<typeof assembleProgram>[1] = { file }): SystoleError {
  try {
    assembleProgram(text, options);
  } catch (error) {
    if (error instanceof SystoleError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

const tour = async (machine = machines[0]!): Promise<Program> =>
  (await compileModel(tourModel(), { machine, engine: await sharedEngine(), dims: { N: BATCH } })).program;

describe('disassembled and assembled again', () => {
  test.each(machines)('a network computes the same on $name', async (machine) => {
    const program = await tour(machine);
    const { text, omitted } = disassembleProgram(program);
    expect(omitted).toEqual([]);
    const again = assembleProgram(text, { file });
    expect(meaning(again)).toEqual(meaning(program));
    const feeds = new Map([['pixels', tourInput()]]);
    const [first, second] = [
      await executeProgram(program, { data: true, feeds }),
      await executeProgram(again, { data: true, feeds }),
    ];
    expect(second.outputs).toEqual(first.outputs);
    expect(second.result.cycles).toBe(first.result.cycles);
  });

  test('random networks are the same, or are refused with what is missing', { timeout: 120_000 }, async () => {
    const engine = await sharedEngine();
    const counts = { same: 0, strided: 0, refused: 0 };
    for (let seed = 1; seed <= 60; seed++) {
      const machine = machines[seed % machines.length]!;
      const { program } = await compileModel(randomProcessorGraph(seed).model, { machine, engine });
      const { text, omitted } = disassembleProgram(program);
      if (text.includes(', strides[')) counts.strided++;
      if (omitted.length === 0) {
        expect(meaning(assembleProgram(text, { file })), `seed ${seed}\n${text}`).toEqual(meaning(program));
        expect(program.host, `seed ${seed}`).toEqual([]);
        counts.same++;
      } else {
        const error = refusal(text);
        expect(error.code).toBe('SYS-ASM-035');
        expect(error.params).toEqual(omitted[0]);
        counts.refused++;
      }
    }
    console.log(`programs as text: ${JSON.stringify(counts)}`);
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(0);
  });
});

describe('what text does not hold', () => {
  test('a large constant', async () => {
    const program = await tour();
    const bytes = Uint8Array.from({ length: 20_000 }, (_, i) => i % 251);
    const large = { name: 'embedding', address: program.dramBytes, bytes: bytes.length, data: () => bytes };
    const grown = {
      ...program,
      dramBytes: program.dramBytes + bytes.length,
      constants: [...program.constants, large],
    };
    const { text, omitted } = disassembleProgram(grown);
    expect(omitted).toEqual([{ kind: 'constant', name: 'embedding' }]);
    expect(text).toMatch(/^\.omitted constant, "embedding" {2}# 20000 bytes at 0x/m);
    expect(text.length).toBeLessThan(40_000);
    const error = refusal(text);
    expect(error.code).toBe('SYS-ASM-035');
    expect(error.message).toContain("'embedding'");
    expect(error.message).toContain('exec');
    expect(error.text('zh')).toContain('exec');
    // One pattern over and over takes one line, however long.
    const zeros = { ...large, data: () => new Uint8Array(bytes.length) };
    const filled = { ...grown, constants: [...program.constants, zeros] };
    expect(meaning(assembleProgram(disassembleProgram(filled).text, { file }))).toEqual(meaning(filled));
  });

  test('a machine of its own', async () => {
    const machine = machineWith('textbook-single', { control: { queueDepth: 5 } });
    const program = await tour(machine);
    const { text, omitted } = disassembleProgram(program);
    expect(omitted).toEqual([{ kind: 'machine', name: 'textbook-single' }]);
    expect(refusal(text).message).toContain('--machine');
    expect(meaning(assembleProgram(text, { file, machine }))).toEqual(meaning(program));
  });
});
