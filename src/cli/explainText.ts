/** What `systole explain` says: a table of all layers, and the pages of single ones. */
import type { Explained, HostExplanation, LayerExplanation, Loss } from '#flow';
import { LOSSES } from '#flow';
import type { AlgorithmText, ContractionText, ScheduleText } from '#lower';
import {
  bytesText,
  errorText,
  grouped,
  type Palette,
  PLAIN,
  percent,
  physicalBound,
  type SparseReport,
  sparseReport,
  table,
} from '#report';
import type { Console } from './console.ts';
import { bufferLines, COLON, type ExplainStyle, kernelLines, scheduleLines, type Texts } from './explainTables.ts';

const WORDS: Readonly<Record<Loss, { readonly head: Texts; readonly does: Texts }>> = {
  needed: {
    head: { en: 'needed', zh: '必需' },
    does: { en: 'what the bound needs', zh: '下界所需' },
  },
  ahead: {
    head: { en: 'ahead', zh: '预取' },
    does: { en: 'weights that it loads for the layer behind it', zh: '为下一层预取权重' },
  },
  ragged: {
    head: { en: 'ragged', zh: '不整齐' },
    does: {
      en: 'lanes without work, operations beyond the least; of transfers: halos, tiles moved again, whole bursts',
      zh: '空闲通道、超出最少量的运算；对传输而言：重叠区、重复搬运的块、整个突发',
    },
  },
  fill: {
    head: { en: 'fill', zh: '填充' },
    does: { en: 'before its first work: the first operands come', zh: '首次工作之前：等待首批操作数' },
  },
  operands: {
    head: { en: 'operands', zh: '等操作数' },
    does: { en: 'idle until operands are loaded', zh: '等待操作数载入' },
  },
  results: {
    head: { en: 'results', zh: '等结果' },
    does: { en: 'idle until a buffer for results is free', zh: '等待结果缓冲区空出' },
  },
  other: {
    head: { en: 'other', zh: '其他' },
    does: {
      en: 'idle for anything else: control, waits and signals; of transfers: nothing to move',
      zh: '其他空闲：控制、等待与信号；对传输而言：无可搬运',
    },
  },
  drain: {
    head: { en: 'drain', zh: '排空' },
    does: {
      en: 'behind its last work: the last results leave, all queues drain',
      zh: '末次工作之后：结果写出、队列排空',
    },
  },
};

const BY: Readonly<Record<LayerExplanation['bound']['by'], Texts>> = {
  matrix: { en: 'matrix unit', zh: '矩阵单元' },
  vector: { en: 'vector unit', zh: '向量单元' },
  memory: { en: 'DRAM', zh: 'DRAM' },
};

/** All layers, one line each. */
export function explainedTable(
  console: Console,
  { layers, host, result, program }: Explained,
  { palette = PLAIN, width = 160 }: ExplainStyle,
): string {
  const t = console.text.bind(console);
  const right = (head: string, drop?: number) => ({
    head,
    align: 'right' as const,
    ...(drop === undefined ? {} : { drop }),
  });
  const losses = LOSSES.filter((l) => l !== 'needed');
  const lines = table(
    [
      { head: t({ en: 'layer', zh: '层' }), align: 'left', cut: true },
      { head: t({ en: 'operators', zh: '算子' }), align: 'left', cut: true, drop: 2 },
      { head: t({ en: 'bound by', zh: '受限于' }), align: 'left' },
      right(t({ en: 'cycles', zh: '周期' })),
      right(t({ en: 'bound', zh: '下界' })),
      right(t({ en: 'efficiency', zh: '效率' })),
      ...losses.map((l) => right(t(WORDS[l].head), 1)),
    ],
    layers.map(({ plan, run, bound, losses: of }) => [
      plan.name,
      plan.op,
      t(BY[bound.by]),
      grouped(run.cycles),
      grouped(Math.round(bound.cycles)),
      percent(run.cycles === 0 ? null : bound.cycles / run.cycles),
      ...losses.map((l) => grouped(Math.round(of[l]))),
    ]),
    { width, head: palette.faint },
  );
  const hint = {
    en: 'Cycles beyond the bound by what they went to. One layer in full: --layer NAME',
    zh: '超出下界的周期按去向列出。查看某一层的全部说明：--layer 名称',
  };
  const least = grouped(Math.ceil(physicalBound(program, result).cycles));
  const total = {
    en: `${grouped(result.cycles)} cycles in all; physically at least ${least}`,
    zh: `共 ${grouped(result.cycles)} 周期；物理下界 ${least}`,
  };
  const onHost = host.flatMap((h) => ['', ...hostLines(console, h, palette)]);
  return [...(layers.length === 0 ? [] : lines), ...onHost, '', t(total), palette.faint(t(hint))]
    .join('\n')
    .trimStart();
}

/** What the host runs, and why. */
export function hostLines(console: Console, { plan, run }: HostExplanation, palette: Palette = PLAIN): string[] {
  const t = console.text.bind(console);
  return [
    palette.strong(
      t({
        en: `${plan.name}: on the host, ${grouped(run.cycles)} cycles`,
        zh: `${plan.name}：在主机上，${grouped(run.cycles)} 周期`,
      }),
    ),
    ...(plan.onHost ?? []).map((n) =>
      t({ en: `  ${n.name} (${n.op}): ${n.reason.en}`, zh: `  ${n.name}（${n.op}）：${n.reason.zh}` }),
    ),
  ];
}

/** One layer in full. */
export function explainedLayer(console: Console, layer: LayerExplanation, style: ExplainStyle): string {
  const { palette = PLAIN } = style;
  const { plan, run, bound, losses, contraction, kernel } = layer;
  const t = console.text.bind(console);
  const colon = t(COLON);
  const width = Math.max(...LOSSES.map((l) => grouped(Math.round(losses[l])).length));
  const went = LOSSES.map(
    (l) =>
      `  ${grouped(Math.round(losses[l])).padStart(width)}  ${percent(run.cycles === 0 ? null : losses[l] / run.cycles).padStart(7)}  ${t(WORDS[l].does)}`,
  );
  return [
    palette.strong(`${plan.name}${colon}${plan.op}`),
    t({
      en: `${grouped(run.cycles)} cycles; at least ${grouped(Math.ceil(bound.cycles))}, bound by the ${t(BY[bound.by])}; efficiency ${percent(run.cycles === 0 ? null : bound.cycles / run.cycles)}`,
      zh: `${grouped(run.cycles)} 周期；下界 ${grouped(Math.ceil(bound.cycles))}，受限于${t(BY[bound.by])}；效率 ${percent(run.cycles === 0 ? null : bound.cycles / run.cycles)}`,
    }),
    t({
      en: `reads ${bytesText(run.readBytes)} and writes ${bytesText(run.writeBytes)} of DRAM; compulsory are ${bytesText(plan.inputBytes + plan.weightBytes)} and ${bytesText(plan.outputBytes)}`,
      zh: `读 DRAM ${bytesText(run.readBytes)}，写 ${bytesText(run.writeBytes)}；必需的是 ${bytesText(plan.inputBytes + plan.weightBytes)} 与 ${bytesText(plan.outputBytes)}`,
    }),
    ...(plan.sparse === undefined ? [] : [sparseLine(console, sparseReport(plan, plan.sparse, run))]),
    ...keptLines(console, plan),
    '',
    palette.strong(t({ en: 'Where the cycles went', zh: '周期去向' })),
    ...went,
    ...(contraction !== undefined
      ? contractionLines(console, contraction, style)
      : kernel !== undefined
        ? kernelLines(console, kernel, style)
        : otherKernel(console, layer, palette)),
  ].join('\n');
}

const FORMS: Readonly<Record<'dense' | SparseReport['form'], Texts>> = {
  dense: { en: 'dense', zh: '稠密' },
  stream: { en: 'compressed in DRAM (load.sparse)', zh: 'DRAM 中压缩（load.sparse）' },
  two4: { en: '2:4 (mma.sparse)', zh: '2:4（mma.sparse）' },
  bitmap: { en: 'bitmap (mma.sparse)', zh: '位图（mma.sparse）' },
};

function sparseLine(console: Console, s: SparseReport): string {
  const t = console.text.bind(console);
  const [density, taken, dense] = [percent(s.density), bytesText(s.bytes), bytesText(s.bytes + s.bytesSpared)];
  const [done, all] = [grouped(s.macsExecuted), grouped(s.macsExecuted + s.macsSkipped)];
  const skipped =
    s.macsSkipped === 0 ? { en: '', zh: '' } : { en: `; ${done} of ${all} MACs`, zh: `；MAC ${done} / ${all}` };
  return t({
    en: `weights ${FORMS[s.form].en}: ${density} not zero, ${taken} in place of ${dense}${skipped.en}`,
    zh: `权重 ${FORMS[s.form].zh}：${density} 非零，${taken}（稠密为 ${dense}）${skipped.zh}`,
  });
}

/** What stays on the chip between this layer and others. */
const keptLines = (console: Console, { kept = [] }: LayerExplanation['plan']): string[] =>
  kept.map(({ value, bytes, memory, access }) => {
    const where = { nram: 'NRAM', wram: 'WRAM', shared: 'SharedRAM' }[memory];
    return console.text(
      access === 'read'
        ? {
            en: `finds ${value} in ${where} (${bytesText(bytes)})`,
            zh: `${value} 已在 ${where} 中（${bytesText(bytes)}）`,
          }
        : {
            en: `leaves ${value} in ${where} (${bytesText(bytes)})`,
            zh: `${value} 留在 ${where} 中（${bytesText(bytes)}）`,
          },
    );
  });

const otherKernel = (console: Console, { plan }: LayerExplanation, palette: Palette): string[] => [
  '',
  palette.strong(console.text({ en: 'Loops', zh: '循环' })),
  ...plan.loops.map((l) => `  ${l.dim} ${l.tiles} × ${l.size}`),
];

function contractionLines(
  console: Console,
  c: ContractionText,
  { palette = PLAIN, width = 160 }: ExplainStyle,
): string[] {
  const t = console.text.bind(console);
  const colon = t(COLON);
  const head = (text: Texts): string[] => ['', palette.strong(t(text))];
  const domain = c.form.domain.map((d) => `${d.index} < ${d.size}`);
  const rows = (list: readonly ScheduleText[]): string[][] =>
    list.map(({ loops, predicted, carriesRows }) => [
      grouped(predicted.cycles),
      bytesText(predicted.readBytes + predicted.writeBytes),
      (loops.join(t({ en: '; ', zh: '；' })) || t({ en: 'one tile', zh: '单块' })) +
        (carriesRows === true ? t({ en: ' (hands rows on)', zh: '（传递重叠行）' }) : ''),
    ]);
  const [best] = c.considered;
  const isBest = best?.loops.join() === c.chosen.loops.join();
  return [
    ...head({ en: 'Affine form', zh: '仿射表示' }),
    ...c.form.text.map((line) => `  ${line}`),
    `  ${t({ en: 'for', zh: '范围' })} ${domain.join(', ')}`,
    `  ${c.form.intrinsic}`,
    ...(c.algorithms === undefined ? [] : algorithmLines(console, c.algorithms, { palette, width })),
    ...(c.apart === undefined ? [] : [...head({ en: 'The pooling', zh: '池化' }), poolingLine(console, c)]),
    ...head({ en: 'The chosen loop nest', zh: '所选循环' }),
    ...c.nest.map((line) => `  ${line}`),
    ...bufferLines(console, c.streams, { palette, width }),
    ...c.memories.map((m) =>
      m.name === 'accumulators'
        ? `  ${t({ en: 'accumulators', zh: '累加器' })}${colon}${grouped(m.used)} / ${grouped(m.of)}`
        : `  ${m.name}${colon}${bytesText(m.used)} / ${bytesText(m.of)}`,
    ),
    ...(c.forms.length === 0
      ? []
      : [
          ...head({ en: 'Forms of the weights', zh: '权重形式' }),
          ...table(
            [
              { head: t({ en: 'cycles', zh: '周期' }), align: 'right' },
              { head: t({ en: 'DRAM', zh: 'DRAM' }), align: 'right' },
              { head: '', align: 'left' },
            ],
            c.forms.map((f) => [
              ...rows([f])[0]!.slice(0, 2),
              `${t(FORMS[f.form])}${f.isChosen ? t({ en: ', chosen', zh: '，选用' }) : ''}`,
            ]),
            { width, head: palette.faint },
          ).map((line) => `  ${line}`),
        ]),
    ...(c.merges === undefined
      ? []
      : [
          ...head({ en: 'Groups side by side, weights block-diagonal', zh: '分组并排合并，权重为块对角' }),
          ...table(
            [
              { head: t({ en: 'cycles', zh: '周期' }), align: 'right' },
              { head: t({ en: 'DRAM', zh: 'DRAM' }), align: 'right' },
              { head: t({ en: 'groups in one', zh: '合并组数' }), align: 'right' },
              { head: '', align: 'left' },
            ],
            c.merges.map((m) => [
              ...rows([m])[0]!.slice(0, 2),
              grouped(m.groups),
              m.isChosen ? t({ en: 'chosen', zh: '选用' }) : '',
            ]),
            { width, head: palette.faint },
          ).map((line) => `  ${line}`),
        ]),
    ...scheduleLines(console, c.considered, { palette, width }),
    `  ${t(
      isBest
        ? {
            en: 'Chosen is the first: of the least predicted time, where a tile must save 2 cycles to be worth having.',
            zh: '选用第一个：预测时间最短（每多一个块须至少节省 2 个周期）。',
          }
        : {
            en: `Chosen: ${c.chosen.loops.join('; ')}, ${grouped(c.chosen.predicted.cycles)} cycles predicted.`,
            zh: `选用：${c.chosen.loops.join('；')}，预测 ${grouped(c.chosen.predicted.cycles)} 周期。`,
          },
    )}`,
  ];
}

/** What the pooling would take as a layer of its own. */
function poolingLine(console: Console, { apart, chosen }: ContractionText): string {
  const alone = grouped(apart?.pooling ?? 0);
  const together = grouped(chosen.predicted.cycles);
  const before =
    apart?.convolution === undefined
      ? { en: '', zh: '' }
      : {
          en: ` behind a convolution of ${grouped(apart.convolution)}`,
          zh: `，其前的卷积为 ${grouped(apart.convolution)}`,
        };
  return console.text({
    en: `  predicted with the convolution: ${together} cycles; as a layer of its own, through DRAM: ${alone}${before.en}`,
    zh: `  与卷积合并预测 ${together} 周期；单独成层并经过 DRAM 为 ${alone}${before.zh}`,
  });
}

const ALGORITHMS: Readonly<Record<AlgorithmText['name'], Texts>> = {
  direct: { en: 'direct (windows by records)', zh: '直接（由记录读取窗口）' },
  gemm: { en: '1×1 as a matrix product', zh: '1×1 作为矩阵乘' },
  'im2col by dma': { en: 'im2col by transfers', zh: 'im2col（由传输展开）' },
  'im2col by vector': { en: 'im2col by the vector unit', zh: 'im2col（由向量单元展开）' },
  f2: { en: 'Winograd F(2×2, 3×3)', zh: 'Winograd F(2×2, 3×3)' },
  f4: { en: 'Winograd F(4×4, 3×3)', zh: 'Winograd F(4×4, 3×3)' },
};

/** All ways to do a convolution, each with its busiest unit, which says why it takes as long. */
function algorithmLines(
  console: Console,
  all: readonly AlgorithmText[],
  { palette = PLAIN, width = 160 }: ExplainStyle,
): string[] {
  const t = console.text.bind(console);
  const fewest = Math.min(...all.map((a) => a.predicted?.cycles ?? Number.POSITIVE_INFINITY));
  const why = (a: AlgorithmText): string => {
    if (a.reason !== undefined) return t(a.reason);
    const isFastest = a.predicted?.cycles === fewest;
    if (a.chosen)
      return isFastest ? t({ en: 'chosen: the fastest', zh: '选用：最快' }) : t({ en: 'chosen', zh: '选用' });
    return isFastest
      ? t({
          en: 'not chosen, though the fastest (--winograd, --convolution, by what follows it, or for less than banks of DRAM leave open)',
          zh: '最快但未选用（--winograd、--convolution、其后的运算，或差距小于 DRAM 存储体带来的不确定性）',
        })
      : '';
  };
  const rows = all.map((a) => {
    const [unit, busy] = Object.entries(a.predicted?.busy ?? {}).reduce((x, y) => (y[1] > x[1] ? y : x), ['', 0]);
    return [
      t(ALGORITHMS[a.name]),
      ...(a.predicted === undefined
        ? ['–', '', '', '']
        : [
            grouped(a.predicted.cycles),
            unit,
            grouped(busy),
            bytesText(a.predicted.readBytes + a.predicted.writeBytes),
          ]),
      why(a),
    ];
  });
  const right = (head: Texts) => ({ head: t(head), align: 'right' as const });
  return [
    '',
    palette.strong(t({ en: 'Ways to do it, as predicted', zh: '可选算法（预测）' })),
    ...table(
      [
        { head: '', align: 'left' },
        right({ en: 'cycles', zh: '周期' }),
        { head: t({ en: 'busiest', zh: '最忙单元' }), align: 'left' },
        right({ en: 'busy', zh: '忙' }),
        right({ en: 'DRAM', zh: 'DRAM' }),
        { head: '', align: 'left' },
      ],
      rows,
      { width, head: palette.faint },
    ).map((line) => `  ${line}`),
    ...all.flatMap(({ chosen, exactness: e }) =>
      !chosen || e === undefined || e.reach === 0
        ? []
        : [
            `  ${t({
              en: `An output is off by at most ${errorText(e.error)} for inputs up to 1, ${errorText(e.error / e.reach)} of the largest output they can have (${e.roundings} roundings; grows with the inputs).`,
              zh: `输入不超过 1 时，每个输出的误差至多 ${errorText(e.error)}，为其可能的最大输出的 ${errorText(e.error / e.reach)}（${e.roundings} 次舍入；随输入按比例增大）。`,
            })}`,
          ],
    ),
  ];
}
