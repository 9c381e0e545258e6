/** An exploration for people: its front as a table, what became of the other designs, and the picture. */
import type { Language } from '#base';
import {
  type Design,
  type Exploration,
  entryOf,
  type FieldValue,
  failuresOf,
  groupOf,
  type Measure,
  type Space,
  statesOf,
} from '#explore';
import { charts, grouped, type Palette, table } from '#report';

type Both = Readonly<Record<Language, string>>;

/** Rows of the front that are shown. */
const SHOWN = 26;

const letterOf = (i: number): string => String.fromCharCode(65 + i);

/** As people are shown a measure, with its unit. */
const shownAs = (name: Measure, value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : figures(value * entryOf(name).shown.factor);
const figures = (n: number): string => {
  if (n === 0) return '0';
  if (Math.abs(n) >= 1e6 || Math.abs(n) < 1e-3) return n.toExponential(2);
  return n >= 1000 ? grouped(Math.round(n)) : String(Number(n.toPrecision(4)));
};
/** Heads of columns in Chinese: shorter than what a measure is, and in English its name. */
const CHINESE: Readonly<Record<Measure, string>> = {
  time: '时间',
  cycles: '周期数',
  throughput: '吞吐率',
  energy: '能量',
  power: '功率',
  edp: '能量延迟积',
  efficiency: '效率',
  traffic: '访存量',
  area: '面积',
  peak: '峰值',
  capacity: '片上容量',
};
const head = (name: Measure, language: Language): string =>
  `${language === 'en' ? name : CHINESE[name]}${unitOf(name, language)}`;

/** Sizes in bytes as powers of two read better. */
function valueText(name: string, value: FieldValue): string {
  if (typeof value !== 'number' || !/bytes$/i.test(name) || value < 1024 || value % 1024 !== 0) return String(value);
  return value % 2 ** 20 === 0 ? `${value / 2 ** 20} MiB` : `${value / 1024} KiB`;
}

/** A front with names for its designs, those that are shown: letters, behind a number where there are several fronts. */
interface Front {
  /** The network, where each has a front of its own. */
  readonly network?: string;
  readonly prefix: string;
  /** In the order of the first objective, best first. */
  readonly designs: readonly Design[];
}

/** The front; where each network is judged for itself one for each, in the order of the space. */
function frontsOf(space: Space, exploration: Exploration): readonly Front[] {
  const all = frontInOrder(space, exploration);
  const networks = space.dimensions.find((d) => d.name === 'model')?.values;
  if (networks === undefined) return [{ prefix: '', designs: all }];
  return networks.map((network, i) => ({
    ...{ network: String(network), prefix: String(i + 1) },
    designs: all.filter((d) => groupOf(d) === network),
  }));
}

function frontInOrder(space: Space, { designs, front }: Exploration): readonly Design[] {
  const name = space.objectives[0]!;
  const sign = entryOf(name).better === 'less' ? 1 : -1;
  return front.map((i) => designs[i]!).sort((a, b) => sign * (a.measures[name]! - b.measures[name]!));
}

/** Measures that a row shows: objectives first, then those that say most of a design. */
const columnsOf = ({ objectives, machine }: Space): readonly Measure[] => [
  ...new Set<Measure>([
    ...objectives,
    'time',
    ...(machine.energy === undefined ? [] : (['energy'] as const)),
    ...(['area', 'efficiency'] as const),
  ]),
];

export interface TextOptions {
  readonly language: Language;
  readonly palette: Palette;
  readonly width?: number;
}

/** How several networks became one, behind their names. */
const RULE_NAMES: Readonly<Record<Exclude<Space['rule'], 'each'>, Both>> = {
  geomean: { en: ' (geomean)', zh: '（几何平均）' },
  sum: { en: ' (sum)', zh: '（总和）' },
  worst: { en: ' (worst)', zh: '（最差）' },
};

export function explorationText(space: Space, exploration: Exploration, options: TextOptions): string {
  const { language, palette, width = 120 } = options;
  const t = (both: Both): string => both[language];
  const { designs } = exploration;
  const states = statesOf(designs);
  const fronts = frontsOf(space, exploration);
  const count = exploration.front.length;
  const varied = space.dimensions.filter((d) => d.size > 1 && d.name !== 'model');
  const measures = columnsOf(space);
  const rule = space.models.length > 1 && space.rule !== 'each' ? t(RULE_NAMES[space.rule]) : '';
  const names = space.models.map((m) => m.name).join(', ');
  const lines = [
    palette.strong(
      t({
        en: `${names}${rule} on machines made of ${space.machine.name}: ${grouped(designs.length)} of ${grouped(space.size)} designs, ${grouped(count)} on the front${fronts.length > 1 ? 's' : ''}`,
        zh: `${names}${rule}，由 ${space.machine.name} 变化而来的机器：${grouped(space.size)} 个设计中的 ${grouped(designs.length)} 个，前沿上 ${grouped(count)} 个`,
      }),
    ),
    '',
  ];
  for (const { network, prefix, designs: front } of fronts) {
    if (network !== undefined) {
      const none = front.length === 0 ? t({ en: ': no design keeps all limits', zh: '：没有设计满足全部限制' }) : '';
      lines.push(palette.strong(`${prefix} ${network}${none}`));
    }
    if (front.length === 0) {
      if (network !== undefined) lines.push('');
      continue;
    }
    lines.push(
      ...table(
        [
          { head: '', align: 'left' },
          ...measures.map((m) => ({ head: head(m, language), align: 'right' as const })),
          ...varied.map((d) => ({ head: d.name, align: 'right' as const, cut: true })),
        ],
        front
          .slice(0, SHOWN)
          .map((d, i) => [
            prefix + letterOf(i),
            ...measures.map((m) => shownAs(m, d.measures[m])),
            ...varied.map((v) => valueText(v.name, d.values[v.name]!)),
          ]),
        { width, head: palette.faint },
      ),
    );
    if (front.length > SHOWN)
      lines.push(
        t({ en: `… ${front.length - SHOWN} more in front.csv`, zh: `… 另有 ${front.length - SHOWN} 个，见 front.csv` }),
      );
    lines.push('');
  }
  const broken = designs.filter((d) => d.state === 'done' && d.violation > 0).length;
  const counts = [
    [states.done - broken, { en: 'keep all limits', zh: '个满足全部限制' }],
    [broken, { en: 'ran and break a limit', zh: '个运行后不满足限制' }],
    [states.excluded, { en: 'not run, since a limit is broken before', zh: '个事先即不满足限制而未运行' }],
    [states.failed, { en: 'failed', zh: '个失败' }],
  ] as const;
  const said = counts.filter(([n]) => n > 0).map(([n, words]) => `${grouped(n)} ${t(words)}`);
  if (said.length > 0)
    lines.push(
      `${t({ en: 'Designs: ', zh: '设计：' })}${said.join(t({ en: ', ', zh: '，' }))}${t({ en: '.', zh: '。' })}`,
    );
  for (const [code, n] of Object.entries(failuresOf(designs))) {
    const example = designs.find((d) => d.failure?.code === code)!.failure!;
    lines.push(palette.faint(`  ${code} × ${n}${t({ en: ', for one: ', zh: '，例如：' })}${example[language]}`));
  }
  return lines.join('\n');
}

/** All designs that ran by the first two objectives (or the only one and the area), with the front. */
export async function explorationPicture(
  space: Space,
  exploration: Exploration,
  language: Language,
): Promise<string | undefined> {
  const { scatterPicture } = await charts();
  const { designs } = exploration;
  const ran = designs.filter((d) => d.state === 'done');
  if (ran.length === 0) return undefined;
  const [first, second = first === 'area' ? 'time' : 'area'] = space.objectives as readonly [Measure, Measure?];
  // Area belongs below: what one pays to the right, what one gets upwards or downwards.
  const [x, y]: readonly [Measure, Measure] = first === 'area' ? [first, second] : [second, first];
  const letters = new Map(
    frontsOf(space, exploration).flatMap(({ prefix, designs: front }) =>
      front.slice(0, SHOWN).map((d, i) => [d, prefix + letterOf(i)] as const),
    ),
  );
  const onFront = new Set(exploration.front.map((i) => designs[i]!));
  const varied = space.dimensions.filter((d) => d.size > 1);
  const axis = (name: Measure) => ({
    label: `${entryOf(name)[language]}${unitOf(name, language)}`,
    better: entryOf(name).better,
  });
  const names = space.models.map((m) => m.name).join(', ');
  const bounds = space.objectives.length === 2;
  return scatterPicture(
    ran.map((d) => ({
      x: d.measures[x]! * entryOf(x).shown.factor,
      y: d.measures[y]! * entryOf(y).shown.factor,
      kind: onFront.has(d) ? 'front' : d.violation > 0 ? 'outside' : 'other',
      group: groupOf(d),
      ...(letters.has(d) ? { name: letters.get(d)! } : {}),
      title: varied.map((v) => `${v.name} ${valueText(v.name, d.values[v.name]!)}`).join(', '),
    })),
    {
      title: language === 'en' ? `Designs for ${names}` : `${names} 的设计`,
      subtitle:
        language === 'en'
          ? `${grouped(ran.length)} designs, on machines made of ${space.machine.name}; letters as in the table`
          : `${grouped(ran.length)} 个设计，机器由 ${space.machine.name} 变化而来；字母与表中一致`,
      ...{ x: axis(x), y: axis(y), bounds },
      kinds:
        language === 'en'
          ? { front: 'Pareto front', other: 'dominated', outside: 'breaks a limit' }
          : { front: '帕累托前沿', other: '被支配', outside: '不满足限制' },
    },
  );
}

const unitOf = (name: Measure, language: Language): string => {
  const { unit } = entryOf(name).shown;
  if (unit === '') return '';
  return language === 'en' ? ` (${unit})` : `（${unit}）`;
};
