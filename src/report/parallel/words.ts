/** Words of the report on parallel training, in both languages. */
import type { Language } from '#base';
import type { Strategy } from './plan.ts';
import type { Relation } from './relations.ts';
import type { TaskKind } from './simulate.ts';

export const KIND_WORDS: Readonly<Record<Language, Readonly<Record<TaskKind, string>>>> = {
  en: {
    forward: 'forward',
    backward: 'backward',
    inputGradient: 'gradients of inputs',
    weightGradient: 'gradients of weights',
    update: 'update',
    allReduce: 'all-reduce',
    allGather: 'all-gather',
    activations: 'activations on',
    gradients: 'gradients back',
  },
  zh: {
    forward: '前向',
    backward: '反向',
    inputGradient: '输入梯度',
    weightGradient: '权重梯度',
    update: '更新',
    allReduce: 'all-reduce',
    allGather: 'all-gather',
    activations: '传递激活',
    gradients: '传回梯度',
  },
};

export const STRATEGY_WORDS: Readonly<Record<Language, Readonly<Record<Strategy, string>>>> = {
  en: { data: 'data parallel', model: 'model (tensor) parallel', pipeline: 'pipeline parallel' },
  zh: { data: '数据并行', model: '模型（张量）并行', pipeline: '流水线并行' },
};

/** `0–3, 6`. */
export function deviceRange(devices: readonly number[]): string {
  const runs: (readonly [number, number])[] = [];
  for (const d of devices) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === d - 1) runs[runs.length - 1] = [last[0], d];
    else runs.push([d, d]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(', ');
}

type Sentences = Readonly<Record<string, readonly [en: string, zh: string]>>;

const key = (strategy: Strategy, { rule, first, second }: Omit<Relation, 'seconds' | 'scope'>): string =>
  `${strategy} ${rule} ${first} ${second}`;

const SENTENCES: Sentences = {
  'data overlaps forward forward': ['forward passes of different devices', '各设备的前向'],
  'data overlaps backward backward': ['backward passes of different devices', '各设备的反向'],
  'data overlaps allReduce backward': [
    'the all-reduce of a bucket and the backward pass of the layers before it',
    '一个桶的 all-reduce 与其前面各层的反向',
  ],
  'data waits forward backward': [
    "a device's backward pass waits for its forward pass",
    '每个设备的反向等待自己的前向',
  ],
  'data waits backward allReduce': [
    "the all-reduce of a bucket waits for the bucket's gradients on every device",
    '一个桶的 all-reduce 等待所有设备算出该桶的梯度',
  ],
  'data waits allReduce update': ['the update waits for the all-reduce of every bucket', '更新等待所有桶的 all-reduce'],
  'model overlaps forward forward': ['parts of one layer on different devices', '同一层在各设备上的部分'],
  'model overlaps allReduce weightGradient': [
    "the all-reduce of the gradient of a layer's inputs and the gradient of its weights",
    '一层输入梯度的 all-reduce 与该层权重梯度的计算',
  ],
  'model waits forward allReduce': [
    'the exchange of a value waits for its part on every device, and the next layer for the exchange',
    '一个值的交换等待各设备算出自己的部分，下一层等待交换完成',
  ],
  'model waits allReduce update': [
    'the update waits for the backward pass and its exchanges, and for no exchange of weight gradients',
    '更新等待反向及其中的交换；权重梯度无需交换',
  ],
  'model waits forward update': ["a device's update waits for its own passes", '每个设备的更新等待自己的前向与反向'],
  'pipeline overlaps forward forward': [
    'forward passes of different micro-batches on different stages',
    '不同微批次在不同级上的前向',
  ],
  'pipeline overlaps backward backward': [
    'backward passes of different micro-batches on different stages',
    '不同微批次在不同级上的反向',
  ],
  'pipeline overlaps activations forward': [
    'activations on their way to the next stage and the forward pass of another micro-batch',
    '向下一级传递激活与另一微批次的前向',
  ],
  'pipeline overlaps gradients backward': [
    'gradients on their way to the stage before and the backward pass of another micro-batch',
    '向上一级传回梯度与另一微批次的反向',
  ],
  'pipeline waits forward activations': [
    'a stage waits for the activations of the stage before it',
    '每一级等待上一级的激活',
  ],
  'pipeline waits forward backward': [
    'the backward pass of a micro-batch waits for its forward pass through every stage',
    '一个微批次的反向等待其前向经过所有级',
  ],
  'pipeline waits backward update': [
    "a stage's update waits for its backward pass of every micro-batch",
    '每一级的更新等待所有微批次在该级的反向',
  ],
};

/** What a relation says. */
export const relationText = (strategy: Strategy, relation: Omit<Relation, 'seconds' | 'scope'>, language: Language) =>
  SENTENCES[key(strategy, relation)]![language === 'en' ? 0 : 1];
