/** Hand-written programs for tests: assembly in, a run of the cycle model out. */
import { assembleProgram, type Program } from '#isa';
import { type Machine, presets } from '#machine';

type Patch<T> = { readonly [K in keyof T]?: T[K] extends object ? Partial<T[K]> : T[K] };

/** A preset with some figures changed. */
export function machineWith(preset: string, patch: Patch<Machine>): Machine {
  const base = presets.get(preset)!;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    const before = merged[key];
    merged[key] = typeof value === 'object' && typeof before === 'object' ? { ...before, ...value } : value;
  }
  return merged as Machine;
}

export const assembled = (text: string, machine: Machine, changes: Partial<Program> = {}): Program => ({
  ...assembleProgram(text, { file: 'test.s', machine }),
  ...changes,
});
