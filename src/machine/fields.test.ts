/** The reference page has every field, and says what each means. */
import { expect, test } from 'vitest';
import { machineFields } from './fields.ts';
import { presets } from './presets.ts';

const fields = machineFields();

test('every value means something, by itself or with its group', () => {
  const meanings = new Map(fields.map((f) => [f.path, f.meaning]));
  const unsaid = fields.filter(({ path, type, meaning }) => {
    const group = path.split('.').slice(0, -1).join('.');
    return type !== 'object' && meaning === '' && (meanings.get(group) ?? '') === '';
  });
  expect(unsaid.map((f) => f.path)).toEqual([]);
});

test('every field of every preset is listed', () => {
  const known = new Set(fields.map((f) => f.path));
  const missing = new Set<string>();
  const walk = (value: unknown, path: string): void => {
    if (path !== '' && !known.has(path)) missing.add(path);
    const isRate = fields.find((f) => f.path === path)?.type === 'bytes in cycles';
    if (typeof value !== 'object' || value === null || Array.isArray(value) || isRate) return;
    for (const [key, child] of Object.entries(value)) walk(child, path === '' ? key : `${path}.${key}`);
  };
  for (const machine of presets.values()) walk(machine, '');
  expect([...missing]).toEqual([]);
});
