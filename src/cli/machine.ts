/**
 * The machine that a command line names: a preset, or a JSON file (anything with a separator or ending in .json), and behind it fields that are
 * changed: `textbook-single,wram.bytes=524288`.
 */
import { changedMachine, DEFAULT_MACHINE, type Machine, resolveMachine, splitChanges } from '#machine';
import { readText } from './files.ts';

export const MACHINE_FILE = { en: 'a machine file (JSON)', zh: '机器文件（JSON）' };

/** Whether it names a file; else it is a preset. */
export const isMachineFile = (name: string): boolean => /[\\/]|\.jsonc?$/i.test(splitChanges(name).name);

/** The machine of a report: its name, and the file that it came from. */
export const machineFileOf = (name: string | undefined): { readonly machineFile?: string } =>
  name !== undefined && isMachineFile(name) ? { machineFile: splitChanges(name).name } : {};

/** @param written how a file is named where the machine was, for messages; default `--machine ./my.json` */
export function loadMachine(word: string | undefined, written?: string): Machine {
  const { name, changes } = splitChanges(word ?? DEFAULT_MACHINE);
  const machine = isMachineFile(name) ? { text: readText(name, MACHINE_FILE), file: name } : name;
  return changedMachine(resolveMachine(machine, written), changes);
}
