/**
 * The light networks with data: as they are, and with random weights, which their own are too uniform to tell errors
 * by.
 */
import { describe, expect, test } from 'vitest';
import { sharedEngine } from '#engine';
import { compileModel, executeProgram, randomInput } from '#flow';
import { type Machine, presets } from '#machine';
import { assertAbovePhysicalBound } from '#report';
import { runCompiled } from '../support/compiledRun.ts';
import { DEVICES, PRESETS } from '../support/machines.ts';
import { ABSENT, dataPresent, hostNodes, LIGHT, lightNetwork, withRandomWeights } from './networks.ts';

const ways = LIGHT.flatMap((name) => PRESETS.map((machine) => ({ name, machine, on: machine.name })));

async function faultsOf(name: (typeof LIGHT)[number], machine: Machine, random: boolean): Promise<readonly string[]> {
  const { program, optimized } = await compileModel(lightNetwork(name), { machine, engine: await sharedEngine() });
  const model = random ? withRandomWeights(optimized, 7) : lightNetwork(name);
  const feeds = new Map(program.inputs.map((slot, i) => [slot.name, randomInput(slot, 1, i)]));
  return (await runCompiled(model, machine, feeds)).faults;
}

describe.skipIf(!dataPresent)(`light networks ${ABSENT}`, () => {
  test.each(ways)('$name on $on', async ({ name, machine }) => {
    expect(await faultsOf(name, machine, false)).toEqual([]);
  });
  test.each(ways)('$name with random weights on $on', async ({ name, machine }) => {
    expect(await faultsOf(name, machine, true)).toEqual([]);
  });
  // VTA's board has 512 MB; the weights and values of VGG19 take 607.
  const timed = DEVICES.flatMap(({ name, dram }) =>
    (['vgg19', 'resnet50'] as const)
      .filter((network) => network !== 'vgg19' || dram.bytes > 607e6)
      .map((network) => [network, name] as const),
  );
  test.each(timed)('%s on %s, time alone', async (name, device) => {
    const machine = presets.get(device)!;
    const { program } = await compileModel(lightNetwork(name), { machine, engine: await sharedEngine() });
    expect(hostNodes(program)).toEqual([]);
    const { result } = await executeProgram(program, { data: false });
    assertAbovePhysicalBound(program, result);
  });
});
