/** A machine without some of its cores: for programs that leave them alone. */
import { diagnostic } from '#base';
import { clustersOf, coresOf, coresPerCluster, type Machine } from '#machine';

const noSuchCores = diagnostic<{ asked: number; machine: string; clusters: number; each: number }>(
  'SYS-LOWER-060',
  'usage',
  {
    en: (p) =>
      `a network cannot be compiled for ${p.asked} cores of machine '${p.machine}', which has ${p.clusters} cluster${p.clusters === 1 ? '' : 's'} of ${p.each}: ` +
      (p.clusters * p.each === 1
        ? 'leave the number out.'
        : p.clusters === 1
          ? `ask for 1 to ${p.each}.`
          : `ask for 1 to ${p.each}, or for whole clusters, of ${p.each} each.`),
    zh: (p) =>
      `无法为机器“${p.machine}”的 ${p.asked} 个核编译网络：它有 ${p.clusters} 个簇，每簇 ${p.each} 个核。` +
      (p.clusters * p.each === 1
        ? '请不要指定核数。'
        : p.clusters === 1
          ? `请指定 1 到 ${p.each} 个。`
          : `请指定 1 到 ${p.each} 个，或若干整簇（每簇 ${p.each} 个）。`),
  },
);

/** One object for each, so that what was found for it is found again (`decisions.ts`). */
const parts = new WeakMap<Machine, Map<number, Machine>>();

/**
 * The machine as its first cores see it, all else the same.
 * @throws SYS-LOWER-060 more cores than there are, or some of several clusters
 */
export function firstCores(machine: Machine, asked: number): Machine {
  if (asked === coresOf(machine)) return machine;
  const [clusters, each] = [clustersOf(machine), coresPerCluster(machine)];
  const isPart = Number.isInteger(asked) && asked >= 1 && asked <= clusters * each;
  if (!isPart || (asked > each && asked % each !== 0))
    throw noSuchCores({ asked, machine: machine.name, clusters, each });
  const ofMachine = parts.get(machine) ?? new Map<number, Machine>();
  parts.set(machine, ofMachine);
  const part = ofMachine.get(asked) ?? {
    ...machine,
    cluster: { ...machine.cluster!, cores: Math.min(asked, each), count: Math.ceil(asked / each) },
  };
  ofMachine.set(asked, part);
  return part;
}
