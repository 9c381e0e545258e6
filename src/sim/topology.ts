/**
 * Which cores of a machine run a program, and how they stand together. Cores are numbered through the chip: those of cluster k
 * are k·n … k·n + n − 1. A program in the textbook's dialect is one stream that drives all cores in lockstep.
 */
import { diagnostic } from '#base';
import { type CoreNumber, type Program, type SyncScope, timingOnlyAt } from '#isa';
import { coresOf, coresPerCluster } from '#machine';

const noSuchCores = diagnostic<{ asked: number; cores: number; machine: string }>('SYS-SIM-120', 'invalid', {
  en: (p) =>
    `the program is to run on ${p.asked} cores, machine '${p.machine}' has ${p.cores}: say from 1 to ${p.cores} ('.cores' in ` +
    'assembly), or take a machine with more.',
  zh: (p) =>
    `程序要在 ${p.asked} 个核上运行，而机器“${p.machine}”有 ${p.cores} 个：应为 1 到 ${p.cores}（汇编中的 .cores），或换用核数更多的机器。`,
});

/** What a core can read of its place. */
export type CorePlace = Readonly<Record<CoreNumber, number>>;

export interface Topology {
  /** Of the cores that run the program, by number. In lockstep one stands for all. */
  readonly places: readonly CorePlace[];
  readonly clusters: number;
  readonly isLockstep: boolean;
}

/** @throws SYS-SIM-120 more cores than the machine has */
export function topologyOf(program: Program): Topology {
  const { machine } = program;
  const all = coresOf(machine);
  const isLockstep = all > 1 && timingOnlyAt(program) !== undefined;
  const cores = program.cores ?? all;
  if (!Number.isInteger(cores) || cores < 1 || cores > all) {
    throw noSuchCores({ asked: cores, cores: all, machine: machine.name });
  }
  const perCluster = coresPerCluster(machine);
  const clusters = Math.ceil(cores / perCluster);
  const places = Array.from({ length: isLockstep ? 1 : cores }, (_, core): CorePlace => {
    const cluster = Math.floor(core / perCluster);
    const rank = core % perCluster;
    return { core, cores, cluster, clusters, rank, ranks: Math.min(perCluster, cores - cluster * perCluster) };
  });
  return { places, clusters, isLockstep };
}

/** Numbers of the cores of a scope around one of them, in order. */
export function membersOf({ places }: Topology, core: number, scope: SyncScope): readonly number[] {
  const { cluster } = places[core]!;
  return places
    .filter((p) => (scope === 'core' ? p.core === core : scope === 'chip' || p.cluster === cluster))
    .map((p) => p.core);
}
