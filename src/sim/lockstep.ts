/** A program in the textbook's dialect drives all cores by one stream: nothing in it may concern a core by itself. */
import { diagnostic, type Place } from '#base';
import type { Machine } from '#machine';

const oneStream = diagnostic<{ machine: string }>('SYS-SIM-019', 'unsupported', {
  en: (p) =>
    `the program has instructions of the textbook's dialect (dma.linear, mac.linear), by which one stream drives all cores of ` +
    `machine '${p.machine}' in lockstep, and others with addresses or core numbers, for which every core has its own. Write it in ` +
    'one of the two ways, or take a machine of one core.',
  zh: (p) =>
    `程序中有教材写法的指令（dma.linear、mac.linear），机器“${p.machine}”的所有核据此由同一条指令流同步驱动；又有带地址或核号的指令，` +
    '后者要求每个核各自执行。请只用其中一种写法，或改用单核机器。',
});

/** @throws SYS-SIM-019 */
export function refuseInLockstep(machine: Machine, place: () => Place): never {
  throw oneStream({ machine: machine.name }, place());
}
