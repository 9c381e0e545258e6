/** docs/counting.md: the rules of counting, and what they make of three networks. */
import { grouped } from '../quantities.ts';
import { CONVENTION, CONVENTIONS, countBy } from './conventions.ts';
import type { Summary } from './summary.ts';

/** @param networks summaries of one sample, by the name under which the page shows them */
export function countingPage(networks: ReadonlyMap<string, Summary>): string {
  const names = [...networks.keys()];
  const row = (head: string, of: (summary: Summary) => string): string =>
    `| ${head} | ${[...networks.values()].map(of).join(' | ')} |`;
  const rows = CONVENTIONS.filter((c) => c !== 'systole').flatMap((c) => [
    row(`\`${c}\``, (s) => grouped(countBy(s, c)!.total)),
  ]);
  const memory = (c: 'torchinfo' | 'torchinfo-0.0.4'): string =>
    row(`\`${c}\`: input / passes / parameters / total MB`, (s) => {
      const m = countBy(s, c)!.memory!;
      return [m.inputs, m.passes, m.parameters, m.total].map((b) => (b / m.megabyte).toFixed(2)).join(' / ');
    });
  return `# How networks are counted

\`systole summary MODEL\` says how large a network is and how much it computes. The same network has several such figures in the literature, because tools count
by different rules. \`--convention NAME\` takes one of these, and the output names it.

${CONVENTIONS.map((c) => `## \`${c}\`${c === 'systole' ? ' (default)' : ''}\n\n${CONVENTION[c].rule.en}\n\nSource: ${CONVENTION[c].source}.`).join('\n\n')}

## What is the same in all

- **Parameters**: elements of the constants that nodes weigh with, each at its first reader. Scalars and settings (limits of Clip, scales
  of Resize, scales and zero points of quantised values) are none. *Trainable* are floats; codes of quantised weights are fixed.
- **Running statistics** of BatchNormalization are no parameters and stand apart, as frameworks have it.
- **Neurons**: output elements of convolutions and products (Conv, ConvTranspose, Gemm, MatMul); pooling, activation and normalisation count none. The elements of
  the inputs stand apart (\`totals.inputElements\` of \`--json\`).
- **Convolutions and products alone**, as papers count, stand below the total (\`totals.kinds\` of \`--json\`): Conv and ConvTranspose; Gemm and MatMul,
  which are fully connected layers and the products of attention.
- **Functions** that take more than a multiplier or an adder stand apart, never converted: exponentials, divisions, powers (normalisation across
  channels has one of each of the last two an element), and others (√, logarithm, tanh, erf, sine, cosine). Together they are \`transcendentals\`.
- **BatchNormalization** with constant statistics is one multiplication and one addition an element: factor and shift are known before the run.
- **Bytes**: each input and each output of a node once, weights included. *ops/byte* is multiplications and additions for each of them.
- **Modules** are read from the names of nodes (\`layer1/0/conv1/Conv\`, as exporters write them); \`--depth N\` shows those that lie deeper as one row.

## Three networks, one sample

| | ${names.join(' | ')} |
|---|${names.map(() => '---:').join('|')}|
${row('parameters', (s) => grouped(s.totals.parameters))}
${row('neurons', (s) => grouped(s.totals.neurons))}
${row('multiplications', (s) => grouped(s.totals.multiplications))}
${row('additions', (s) => grouped(s.totals.additions))}
${rows.join('\n')}
${memory('torchinfo')}
${memory('torchinfo-0.0.4')}
`;
}
