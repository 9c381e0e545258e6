/** The machine that a command line names: a preset, or a JSON file (anything with a separator or ending in .json). */
import { DEFAULT_MACHINE, type Machine, resolveMachine } from '#machine';
import { readText } from './files.ts';

export const MACHINE_FILE = { en: 'a machine file (JSON)', zh: '机器文件（JSON）' };

/** Whether it names a file; else it is a preset. */
export const isMachineFile = (name: string): boolean => /[\\/]|\.jsonc?$/i.test(name);

/** The machine of a report: its name, and the file that it came from. */
export const machineFileOf = (name: string | undefined): { readonly machineFile?: string } =>
  name !== undefined && isMachineFile(name) ? { machineFile: name } : {};

export function loadMachine(name: string | undefined): Machine {
  if (name === undefined) return resolveMachine(DEFAULT_MACHINE);
  if (!isMachineFile(name)) return resolveMachine(name);
  return resolveMachine({ text: readText(name, MACHINE_FILE), file: name });
}
