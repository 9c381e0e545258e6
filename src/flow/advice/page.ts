/** `docs/advice.md`: the rules as the registry has them, and an example as a run printed it. */
import { percent } from '#report';
import { LEAST_SAVING, MOST_LOSS } from './advise.ts';
import { adviceRules } from './registry.ts';
import type { Rule } from './rule.ts';

export interface WorkedExample {
  readonly command: string;
  /** What it prints. */
  readonly text: string;
}

const row = ({ name, title, looksAt, proposes, source }: Rule): string =>
  `| \`${name}\` | ${title.en} | ${looksAt.en} | ${proposes.en} | ${source} |`;

const table = (kind: Rule['kind']): string =>
  [
    '| rule | in short | looks at | proposes | source of the method |',
    '|---|---|---|---|---|',
    ...adviceRules.filter((rule) => rule.kind === kind).map(row),
  ].join('\n');

export const advicePage = ({ command, text }: WorkedExample): string => `# Advice

\`systole advise MODEL --machine M\` says what to do next about a run: which change of the machine, of the data type, of the batch or of an option saves
most, why, and what it costs. \`systole report\` has the same as a part of its page (\`--no-advice\` leaves it out). Made by \`npm run docs\` from the
rules in \`src/flow/advice/rules\`.

\`\`\`sh
systole advise mobilenet-v2 --machine textbook-single       # three pieces of advice, each confirmed by a run
systole advise net.onnx --machine my.json --limit 10        # all that was confirmed
systole advise net.onnx --rule wram-capacity --rule batch   # these rules alone
systole advise --rules                                      # the rules, in words
\`\`\`

## How a piece of advice comes about

1. The network is compiled and run as it is, time alone, and watched: cycles of each layer by what they went to (\`systole explain\`), cycles of the
   units by what they waited for, bytes of the scratchpads that were touched.
2. Each rule looks at its figures. Where they say that something limits the run, it proposes changes, with the figures in its text, and an estimate of what
   each might save: Amdahl's law layer by layer. Estimates are never shown. They decide what is worth a run.
3. The changes that promise most are compiled and run, at most \`--runs\` of them (12), the first of each rule before any rule's second. A change of the machine is
   validated as a machine file is, so that no circuit is proposed that could not be.
4. What the run confirms is advice: it saves ${percent(LEAST_SAVING)} of the cycles or more or, where a rule proposes less hardware, takes at most ${percent(MOST_LOSS)} more. The saving is the difference of
   the two runs, of each sample where the batch changes. Of several changes of one rule the best counts; where they save about as much (1 % of the cycles), the smallest.
   Of rules that save hardware each part counts by itself.
   What was run and is no advice is listed with its reason in \`--json\` and with \`--all\`.
5. Each piece names the command that makes its run. It is an ordinary command: \`--machine NAME,FIELD=VALUE\` is a machine with fields changed
   ([machine.md](machine.md), "Fields of a machine file").

**What it costs** are figures of the same runs. Energy is that of the changed machine: where a scratchpad grows, the energy of a byte grows along the power law
through Horowitz's memories (ISSCC 2014: 32 KB 20 pJ, 1 MB 100 pJ for 64 bits; exponent 0.46), as a field of the machine that the command states. Area, where a machine
has figures, grows with bytes, multipliers and lanes. Bandwidth has no figure: pins and DRAM are not in the machine's model.

## Rules that save time

${table('time')}

## Rules that save hardware

${table('cost')}

## An example

\`\`\`
$ ${command}
${text.trimEnd()}
\`\`\`

\`test/cli/advise.full.test.ts\` runs it again, and the commands that it names.
`;
