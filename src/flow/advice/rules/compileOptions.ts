/** What the user has turned off: the same run with it on. */
import { coresOf } from '#machine';
import type { Change, Rule } from '../rule.ts';
import { both, grouped } from '../words.ts';

export const compileOptions: Rule = {
  name: 'compile-options',
  kind: 'time',
  title: both('options that were turned off', '被关闭的编译选项'),
  looksAt: both(
    '`--winograd off`, `f2` or `f4`, `--convolution direct` or `im2col`, `--sparse off`, `--cores N` of a run, where the machine has what they leave alone',
    '运行时给出的 `--winograd off`、`f2`、`f4`，`--convolution direct`、`im2col`，`--sparse off`，`--cores N`，且机器具备它们放弃的功能',
  ),
  proposes: both('the same run with the option left out', '去掉该选项后的同一运行'),
  source: 'each option is a pair of runs in docs/compiler.md',
  propose({ machine, options, cores, result, layers }) {
    const proposal = (words: string, en: string, zh: string, change: Change) => ({
      finding: both(
        `the run was made with ${words}, and takes ${grouped(result.cycles)} cycles; ${en}`,
        `该运行使用了 ${words}，耗时 ${grouped(result.cycles)} 周期；${zh}`,
      ),
      figures: { cores, cycles: result.cycles },
      layers: layers.map((l) => l.plan.index),
      proposal: both(`leave ${words} out`, `去掉 ${words}`),
      change,
      // Nothing is cheaper than an option.
      estimate: result.cycles,
    });
    const { winograd = 'auto', convolution = 'auto', sparse = 'auto' } = options;
    const sparsity = machine.matrix.kind !== 'scalar' && machine.matrix.sparsity !== undefined;
    const all = coresOf(machine);
    return [
      ...(winograd !== 'auto' && machine.winograd !== undefined
        ? [
            proposal(
              `--winograd ${winograd}`,
              `the machine has a Winograd unit of ${machine.winograd.lanes} lanes`,
              `机器有 ${machine.winograd.lanes} 通道的 Winograd 单元`,
              { winograd: 'auto' },
            ),
          ]
        : []),
      ...(convolution !== 'auto'
        ? [
            proposal(
              `--convolution ${convolution}`,
              'windows of convolutions may be read where they lie or unfolded, whichever is faster',
              '卷积窗口可直接读取或展开，取较快者',
              { convolution: 'auto' },
            ),
          ]
        : []),
      ...(sparse === 'off' && (machine.dma.decompressor !== undefined || sparsity)
        ? [
            proposal('--sparse off', 'the machine can use compressed weights', '机器可使用压缩的权重', {
              sparse: 'auto',
            }),
          ]
        : []),
      ...(options.cores !== undefined && options.cores < all
        ? [
            proposal(`--cores ${options.cores}`, `the machine has ${all} cores`, `机器有 ${all} 个核`, {
              cores: 'all',
            }),
          ]
        : []),
    ];
  },
};
