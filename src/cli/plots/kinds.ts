/** The pictures that `systole plot` makes, by name. */

import { TILING } from '../tilings.ts';
import {
  ACTIVATIONS,
  ANALYTIC_ROOFLINE,
  DIAGRAM,
  ENERGY,
  MEMORY,
  ROOFLINE,
  TIMELINE,
  TRAINING,
  UTILISATION_CURVES,
} from './answers.ts';
import { activations, machineOf, training, utilisationOf } from './curves.ts';
import { analyticRooflineOf, tilingPlot } from './onPaper.ts';
import type { PlotKind, PlotOptions } from './plot.ts';
import { energy, memory, roofline, timelineOf } from './runs.ts';

const MANY = 64;

const isAnalytic = ({ analytic, multipliers }: PlotOptions): boolean => analytic === true || multipliers !== undefined;

export const PLOTS: Readonly<Record<string, PlotKind>> = {
  roofline: {
    summary: {
      en: 'networks under the roof of a machine; of one network its layers too',
      zh: '网络与机器的 Roofline；单个网络时含各层',
    },
    answers: [ROOFLINE, ANALYTIC_ROOFLINE],
    ...{
      of: 'MODEL',
      least: 1,
      most: MANY,
      make: (c, of, options) => (isAnalytic(options) ? analyticRooflineOf : roofline)(c, of, options),
    },
  },
  utilisation: {
    summary: {
      en: 'how busy arrays of multipliers are as they grow, by analytic models (AlexNet, or a MODEL)',
      zh: '乘法器阵列增大时的利用率，解析模型（AlexNet 或某个 MODEL）',
    },
    answers: [UTILISATION_CURVES],
    ...{ of: 'MODEL', least: 0, most: 1, machine: 'textbook-ch6', make: utilisationOf },
  },
  tiling: {
    summary: {
      en: "which tiles of a convolution lie on the chip when, for three orders of loops (AlexNet's, or of a MODEL)",
      zh: '卷积分块在三种循环次序下的驻留情况（AlexNet 或某个 MODEL）',
    },
    answers: [TILING],
    ...{ of: 'MODEL', least: 0, most: 1, make: tilingPlot },
  },
  activations: {
    summary: { en: 'activation functions and their ranges', zh: '激活函数及其值域' },
    answers: [ACTIVATIONS],
    ...{ of: 'NAME', least: 0, most: MANY, make: activations },
  },
  timeline: {
    summary: { en: 'what each unit does when', zh: '各单元在何时做什么' },
    answers: [TIMELINE],
    ...{ of: 'MODEL', least: 1, most: 1, make: timelineOf },
  },
  memory: {
    summary: { en: 'what lies in a scratchpad when', zh: '片上存储在何时存放什么' },
    answers: [MEMORY],
    ...{ of: 'MODEL', least: 1, most: 1, make: memory },
  },
  energy: {
    summary: { en: 'where the energy of a run goes', zh: '一次运行的能耗去向' },
    answers: [ENERGY],
    ...{ of: 'MODEL', least: 1, most: 1, make: energy },
  },
  training: {
    summary: { en: "curves of a training's log", zh: '训练日志中的曲线' },
    answers: [TRAINING],
    ...{ of: 'FOLDER', least: 1, most: 1, make: training },
  },
  machine: {
    summary: { en: "the machine's block diagram", zh: '机器框图' },
    answers: [DIAGRAM],
    ...{ least: 0, most: 0, make: machineOf },
  },
};
