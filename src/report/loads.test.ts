/** Loads of instructions from the events of runs, and how they read. */
import { expect, test } from 'vitest';
import { assembleProgram } from '#isa';
import { presets } from '#machine';
import { createSimulation } from '#sim';
import { machineWith } from '../../test/support/processor.ts';
import { countLoads, loadBalance, splitLoad, splitLoads } from './analytic/index.ts';
import { LoadRecorder } from './loads.ts';
import { loadsText } from './loadsText.ts';
import { PLAIN } from './table.ts';
import { sayIn } from './words.ts';

function record(text: string, machine = presets.get('textbook-single')!) {
  const program = assembleProgram(text, { file: 'loads.s', machine });
  const recorder = new LoadRecorder();
  createSimulation(program, { data: false, observer: recorder.observer }).run();
  return recorder.report(program, 1024);
}

const MIXED = `
loop 3
  move DRAM NRAM 64000
  compute MAC_32 256000
  sync
endloop
compute MAC_32 640000
move NRAM DRAM 100`;

test('executions of an instruction are put together, units apart', () => {
  const { instructions, units } = record(MIXED);
  expect(instructions.map(({ unit, count, min, max, cycles }) => [unit, count, min, max, cycles])).toEqual([
    ['dma', 3, 1000, 1000, 3000],
    ['matrix', 3, 1000, 1000, 3000],
    ['matrix', 1, 2500, 2500, 2500],
    ['dma', 1, 2, 2, 2],
  ]);
  const matrix = units.find((u) => u.unit === 'matrix')!;
  expect(matrix.balance).toMatchObject({ count: 4, mean: 1375, max: 2500, maxOverMin: 2.5 });
  // 2500 is 1024 + 1024 + 452.
  expect(matrix.split).toMatchObject({ count: 6, max: 1024, mean: 5500 / 6 });
});

test('waiting for the channel is no work', () => {
  const machine = machineWith('textbook-single', { dma: { queues: 2 } });
  const { instructions } = record('move DRAM NRAM 64000\nmove NRAM DRAM 64000', machine);
  expect(instructions.map((i) => i.max)).toEqual([1000, 1000]);
});

test('counts and lists of loads say the same', () => {
  const loads = [7, 1, 7, 2048, 1024];
  expect(loadBalance(countLoads(loads))).toEqual(loadBalance(loads));
  const split = loads.flatMap((load) => splitLoad(load, 1024));
  expect(splitLoads(countLoads(loads), 1024)).toEqual(countLoads(split.sort((a, b) => a - b)));
});

test.each(['en', 'zh'] as const)('reads as tables (%s)', async (language) => {
  const report = record(MIXED);
  const lines = loadsText(report, { say: sayIn(language), language, palette: PLAIN, width: 100 });
  await expect(`# vitest run src/report -u\n${lines.join('\n')}\n`).toMatchFileSnapshot(
    `goldens/loads.${language}.txt`,
  );
});
