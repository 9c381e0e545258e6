/** The reference page names everything that the registry declares. */
import { expect, test } from 'vitest';
import { operatorsPage } from './page.ts';
import { operators } from './registry.ts';

test('every operator, operand and attribute stands on the page', () => {
  const page = operatorsPage();
  for (const op of operators.values()) {
    const start = page.indexOf(`\n## ${op.name}\n`);
    expect(start, op.name).toBeGreaterThan(0);
    const end = page.indexOf('\n## ', start + 1);
    const section = page.slice(start, end < 0 ? undefined : end);
    for (const p of [...op.inputs, ...op.outputs]) expect(section).toContain(`\`${p.name}\``);
    for (const name of Object.keys(op.attributes)) expect(section).toContain(`| \`${name}\` |`);
  }
});
