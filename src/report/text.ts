/** The run report for a terminal: what ran, layer by layer, the totals against the bounds, the units, the host's part. */
import type { Language } from '#base';
import { LINEAR_NAMES } from '#isa';
import { CONTROL_ACCOUNTS } from '#timing';
import type { DramReport } from './dramReport.ts';
import { ENERGY_SINKS, type EnergyReport, type EnergySplit } from './energy.ts';
import type { LayerReport, SparseReport } from './layers.ts';
import { loadsText } from './loadsText.ts';
import {
  bytesText,
  errorText,
  grouped,
  hertzText,
  joulesText,
  percent,
  secondsText,
  valueText,
  wattsText,
} from './quantities.ts';
import type { CheckFacts, RunReport } from './runReport.ts';
import { type Column, type Palette, PLAIN, pad, table, wrap } from './table.ts';
import { unitTable } from './units.ts';
import { type Say, SENTENCES, sayIn } from './words.ts';

export interface TextOptions {
  readonly language?: Language;
  readonly palette?: Palette;
  /** Columns of the terminal; 100 by default. */
  readonly width?: number;
  /** How many layers are listed, those with most cycles first chosen; 24 by default. */
  readonly layers?: number | 'all';
}

interface Style {
  readonly say: Say;
  readonly language: Language;
  readonly palette: Palette;
  readonly width: number;
}

/** The whole report, ending in a line break. */
export function reportText(report: RunReport, options: TextOptions = {}): string {
  const { language = 'en', palette = PLAIN, width = 100, layers = 24 } = options;
  const style: Style = { say: sayIn(language), language, palette, width };
  const parts = [
    header(report, style),
    ...(report.layers.length === 0 ? [] : [layerTable(report, layers, style)]),
    totals(report, style),
    unitTable(report, style),
    ...(report.loads === null || report.loads.instructions.length === 0 ? [] : [loadsText(report.loads, style)]),
    ...(report.host.nodes.length === 0 ? [] : [hostPart(report, style)]),
    ...(report.notices.length === 0 ? [] : [notices(report, style)]),
  ];
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function header(r: RunReport, { say, palette }: Style): string[] {
  const fidelity = say(r.fidelity === 'data' ? 'withData' : 'timingOnly');
  const label = (word: string): string => `  ${pad(word, 8, 'left')}`;
  return [
    `${palette.strong(r.model)} ${say('on')} ${palette.strong(r.machine)}${say('open')}${[...(r.machineFile === null ? [] : [r.machineFile]), hertzText(r.frequency), ...coreTexts(r, say), ...(r.dtype === null ? [] : [r.dtype]), fidelity].join(say('comma'))}${say('close')}`,
    ...r.inputs.map(
      (v) => `${label(say('input'))}${v.name} ${valueText(v)}${v.source === null ? '' : ` ← ${v.source}`}`,
    ),
    ...r.outputs.map((v) => `${label(say('output'))}${v.name} ${valueText(v)}`),
  ];
}

function layerTable(r: RunReport, limit: number | 'all', { say, language, palette, width }: Style): string[] {
  const columns: readonly Column[] = [
    { head: '#', align: 'right' },
    { head: say('layer'), align: 'left', cut: true },
    { head: say('operator'), align: 'left', cut: true },
    { head: say('where'), align: 'left' },
    { head: say('cycles'), align: 'right' },
    { head: say('share'), align: 'right', drop: 1 },
    { head: say('macs'), align: 'right', drop: 5 },
    { head: say('read'), align: 'right', drop: 4 },
    { head: say('written'), align: 'right', drop: 3 },
    ...(r.energy === null ? [] : [{ head: say('energy'), align: 'right', drop: 2 } as const]),
    { head: say('bound'), align: 'left' },
    { head: say('use'), align: 'right' },
  ];
  const { energy } = r;
  const joules = (of: (e: EnergyReport) => EnergySplit): string[] =>
    energy === null ? [] : [of(energy).total === 0 ? '–' : joulesText(of(energy).total)];
  const shown = chosen(r.layers, limit);
  const share = (cycles: number): string => percent(r.cycles === 0 ? null : cycles / r.cycles);
  const rows = shown.map(({ layer: l, index }) => [
    String(index + 1),
    l.name,
    l.winograd === null ? l.op : `${l.op} ${l.winograd.tile}`,
    say(l.where),
    grouped(l.cycles),
    share(l.cycles),
    macsText(l.macs),
    bytesText(l.bytes.read),
    bytesText(l.bytes.write),
    ...joules((e) => e.layers[index]!),
    say(l.bound),
    percent(l.utilisation),
  ]);
  const restMacs = r.macs - r.layers.reduce((n, l) => n + l.macs, 0);
  if (r.rest > 0 || restMacs > 0) {
    rows.push([
      '',
      say('rest'),
      '',
      '',
      grouped(r.rest),
      share(r.rest),
      restMacs > 0 ? grouped(restMacs) : '',
      '',
      '',
      ...joules((e) => e.rest),
      '',
      '',
    ]);
  }
  rows.push(
    ['', say('total'), '', '', grouped(r.cycles), '', macsText(r.macs)].concat([
      bytesText(r.bytes.read),
      bytesText(r.bytes.write),
      ...joules((e) => e),
      '',
      '',
    ]),
  );
  const lines = table(columns, rows, {
    width,
    head: palette.faint,
    paint: (i) => (i === rows.length - 1 ? palette.strong : PLAIN.strong),
  });
  const hidden = r.layers.length - shown.length;
  if (hidden === 0) return lines;
  const cycles = r.layers.reduce((n, l) => n + l.cycles, 0) - shown.reduce((n, s) => n + s.layer.cycles, 0);
  const sentence = SENTENCES[language].hidden({ layers: hidden, share: share(cycles) });
  return [...lines.slice(0, shown.length + 1), palette.faint(`   ${sentence}`), ...lines.slice(shown.length + 1)];
}

const macsText = (macs: number): string => (macs === 0 ? '–' : grouped(macs));

/** The layers to list, in order: all, or those that take most cycles. */
function chosen(layers: readonly LayerReport[], limit: number | 'all'): { layer: LayerReport; index: number }[] {
  const all = layers.map((layer, index) => ({ layer, index }));
  if (limit === 'all' || layers.length <= limit) return all;
  return all
    .sort((a, b) => b.layer.cycles - a.layer.cycles || a.index - b.index)
    .slice(0, limit)
    .sort((a, b) => a.index - b.index);
}

function totals(r: RunReport, { say, language, palette, width }: Style): string[] {
  const cycles = (n: number): string => `${grouped(n)} ${say('cycles')}`;
  const { layerwise, physical, physicalUnit } = r.bound;
  const sentences = SENTENCES[language];
  const rows: (readonly [string, string, ((t: string) => string)?])[] = [
    [
      say('time'),
      [
        `${cycles(r.cycles)} = ${secondsText(r.seconds)}`,
        `${grouped(r.macs)} ${say('macs')}`,
        ...(r.otherOps === 0 ? [] : [`${grouped(r.otherOps)} ${say('otherOps')}`]),
      ].join(say('comma')),
    ],
    [
      say('traffic'),
      `${bytesText(r.bytes.read)} ${say('read')}${say('comma')}${bytesText(r.bytes.write)} ${say('written')}`,
    ],
    ...(r.dram === null ? [] : [dramRow(r, r.dram, sentences, say)]),
    [
      say('instructions'),
      sentences.executed({ program: grouped(r.instructions.program), executed: grouped(r.instructions.executed) }),
    ],
    ...(r.cycles === 0 ? [] : [[say('control'), controlText(r, say)] as const]),
    [
      say('bounds'),
      [
        ...(layerwise === null ? [] : [`${say('layerwise')} ${cycles(layerwise)}`]),
        `${say('physical')} ${cycles(physical)}${say('open')}${say(physicalUnit)}${say('close')}`,
      ].join(say('comma')),
    ],
    ...sparseRow(r, sentences, say),
    ...memoryRow(r, sentences, say),
    ...(r.energy === null ? [] : [energyRow(r, r.energy, sentences, say)]),
    ...(layerwise === null ? [] : [[say('efficiency'), percent(r.efficiency), palette.strong] as const]),
    ...((r.efficiency ?? 0) > 1 ? [['', sentences.beyond, palette.faint] as const] : []),
    ...winogradRow(r, sentences, say),
    checkRow(r, sentences, say, palette),
  ];
  const column = 12;
  return rows.flatMap(([label, text, paint]) => {
    const lines = wrap(text, width, ' '.repeat(column));
    return lines.map((line, i) => {
      const shown = (paint ?? PLAIN.strong)(line.slice(column));
      return i === 0 ? pad(label, column, 'left') + shown : ' '.repeat(column) + shown;
    });
  });
}

/** What was spared by weights that lie compressed. */
function sparseRow(
  { layers }: RunReport,
  sentences: (typeof SENTENCES)[Language],
  say: Say,
): readonly (readonly [string, string])[] {
  const all = layers.flatMap((l) => (l.sparse === null ? [] : [l.sparse]));
  if (all.length === 0) return [];
  const sum = (of: (s: SparseReport) => number): number => all.reduce((n, s) => n + of(s), 0);
  const skipped = sum((s) => s.macsSkipped);
  const text = sentences.sparse({
    layers: all.length,
    density: percent(sum((s) => s.nonzero) / sum((s) => s.weights)),
    spared: bytesText(sum((s) => s.bytesSpared)),
    skipped: skipped === 0 ? null : grouped(skipped),
  });
  return [[say('sparse'), text]];
}

/** How many convolutions the Winograd unit did, and the least exact of them. */
function winogradRow(
  { layers }: RunReport,
  sentences: (typeof SENTENCES)[Language],
  say: Say,
): readonly (readonly [string, string])[] {
  const plans = layers.flatMap((l) => l.winograd ?? []);
  if (plans.length === 0) return [];
  const counts = (['f2', 'f4'] as const)
    .map((tile) => [tile, plans.filter((p) => p.tile === tile).length] as const)
    .flatMap(([tile, n]) => (n === 0 ? [] : [`${n} × ${tile}`]));
  // Without weights there are no errors.
  const known = plans.filter((p) => p.reach > 0);
  const most = Math.max(0, ...known.map((p) => p.error / p.reach));
  const exactness = known.length === 0 ? '' : say('semicolon') + sentences.winogradError(errorText(most));
  return [[say('winograd'), counts.join(say('comma')) + exactness]];
}

/** What operands of a program in the textbook's dialect take of the memories on chip that were judged. */
function memoryRow(
  { memories }: RunReport,
  sentences: (typeof SENTENCES)[Language],
  say: Say,
): readonly (readonly [string, string])[] {
  const shown = (memories ?? []).filter((m) => m.judged && m.memory !== 'dram');
  if (shown.length === 0) return [];
  const parts = shown.map(
    (m) => `${LINEAR_NAMES[m.memory]} ${sentences.ofBytes(grouped(m.usedBytes!), grouped(m.capacity))}`,
  );
  return [[say('memories'), parts.join(say('comma'))]];
}

/** What control spent its cycles on, the most first. */
function controlText({ control }: RunReport, say: Say): string {
  // Of all cores.
  const cycles = CONTROL_ACCOUNTS.reduce((sum, account) => sum + control[account], 0);
  return CONTROL_ACCOUNTS.filter((account) => control[account] > 0)
    .sort((a, b) => control[b] - control[a])
    .map((account) => `${say(account)} ${percent(control[account] / cycles)}`)
    .join(say('comma'));
}

/** How often rows were open, and what came of the bandwidth. */
function dramRow(
  r: RunReport,
  dram: DramReport,
  sentences: (typeof SENTENCES)[Language],
  say: Say,
): readonly [string, string] {
  const rate = (bytes: number): string => `${Number((bytes / 1e9).toPrecision(3))} GB/s`;
  const parts = [
    dram.channels === 1 ? dram.device : `${dram.channels} × ${dram.device}`,
    sentences.rows({
      hits: percent(dram.hitRate),
      misses: grouped(dram.misses),
      conflicts: grouped(dram.conflicts),
    }),
    sentences.refreshed(percent(r.cycles === 0 ? null : dram.refreshCycles / r.cycles)),
    sentences.bandwidth({ achieved: rate(dram.achieved), held: rate(dram.achievedHeld), peak: rate(dram.peak) }),
  ];
  return [say('idleDram'), parts.join(say('comma'))];
}

/** The total, the power that it means, and where it goes, the most first. */
function energyRow(
  { seconds }: RunReport,
  { total, by, technologyNanometres }: EnergyReport,
  sentences: (typeof SENTENCES)[Language],
  say: Say,
): readonly [string, string] {
  const shares = ENERGY_SINKS.filter((sink) => by[sink] > 0)
    .sort((a, b) => by[b] - by[a])
    .map((sink) => `${say(sink)} ${percent(by[sink] / total)}`);
  const parts = [
    `${joulesText(total)}${say('open')}${technologyNanometres} nm${say('close')}`,
    ...(seconds === 0 ? [] : [sentences.average(wattsText(total / seconds))]),
  ];
  const sum = parts.join(say('comma'));
  return [say('energy'), shares.length === 0 ? sum : `${sum}${say('colon')}${shares.join(say('comma'))}`];
}

function checkRow(
  { check, fidelity }: RunReport,
  sentences: (typeof SENTENCES)[Language],
  say: Say,
  palette: Palette,
): readonly [string, string, (t: string) => string] {
  if (check === null) return [say('check'), sentences.unchecked[fidelity], palette.faint];
  const words = {
    maxAbs: errorText(check.maxAbs),
    maxRel: errorText(check.maxRel),
    tolerance: limitText(check),
    engine: say(check.engine),
  };
  if (check.ok) return [say('check'), sentences.checkHolds(words), palette.good];
  const sum = (of: 'wrong' | 'elements'): string => grouped(check.outputs.reduce((n, o) => n + o[of], 0));
  return [
    say('check'),
    sentences.checkFails({ ...words, wrong: sum('wrong'), elements: sum('elements') }),
    palette.bad,
  ];
}

/** The limit; where rounding to half precision widens those of some outputs, by which type, and whose. */
/** `4 cores`, or of a program that leaves some alone `1 core, 3 parked`; nothing where the machine has one. */
function coreTexts({ cores, parkedCores }: RunReport, say: Style['say']): string[] {
  if (cores + parkedCores === 1) return [];
  return [
    `${cores} ${say(cores === 1 ? 'core' : 'cores')}`,
    ...(parkedCores === 0 ? [] : [`${parkedCores} ${say('parked')}`]),
  ];
}

function limitText({ tolerance, outputs }: CheckFacts): string {
  const limits = new Map<string, string[]>();
  for (const o of outputs) {
    const text = errorText(o.tolerance) + (o.rounding === undefined ? '' : ` ${o.rounding}`);
    if (o.tolerance > 0) limits.set(text, [...(limits.get(text) ?? []), o.name]);
  }
  const [only, ...others] = limits.keys();
  if (others.length === 0) return only ?? errorText(tolerance);
  return [...limits].map(([text, names]) => `${names.join(', ')} ${text}`).join('; ');
}

function hostPart(r: RunReport, { say, language, palette, width }: Style): string[] {
  const sentences = SENTENCES[language];
  const share = percent(r.cycles === 0 ? null : r.host.cycles / r.cycles);
  const summary = sentences.hostTime({ nodes: r.host.nodes.length, cycles: grouped(r.host.cycles), share });
  const lines = r.host.nodes.flatMap(({ name, op, reason, merged, estimate }) => {
    const rest = merged.length === 0 ? '' : sentences.merged(merged);
    const cost = estimate === undefined ? '' : `${say('semicolon')}${estimate[language]}`;
    return wrap(
      `${name}${say('open')}${op}${say('close')}${rest}${say('colon')}${reason[language]}${cost}`,
      width,
      '  ',
    );
  });
  return [`${palette.strong(say('onHost'))}${say('colon')}${summary}`, ...lines];
}

function notices(r: RunReport, { say, language, palette, width }: Style): string[] {
  return [palette.strong(say('notices')), ...r.notices.flatMap((n) => wrap(`${n.code} ${n[language]}`, width, '  '))];
}
