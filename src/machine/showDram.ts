/** DRAM in banks as `machine show` prints it: how it is put together, its times in clocks and nanoseconds, their sources. */
import { type BankedDram, banksOf, burstBytesOf, type DramDevice, peakBandwidth } from './dramDevice.ts';

/** A row: its name in English and Chinese, its value, and that in Chinese where words of it differ. */
export type DramRow = readonly [en: string, zh: string, value: string, zhValue?: string];

const TIMES: readonly (readonly (keyof DramDevice['timing'])[])[] = [
  ['CL', 'CWL', 'tRCD', 'tRCDWR', 'tRP', 'tRPab'],
  ['tRAS', 'tRC', 'tRRD_S', 'tRRD_L', 'tFAW'],
  ['tCCD_S', 'tCCD_L', 'tRTP', 'tWR'],
  ['tWTR_S', 'tWTR_L', 'tRTW', 'tRTRS'],
  ['tRFC', 'tREFI'],
];

export function dramRows(banked: BankedDram, device: DramDevice): readonly DramRow[] {
  const { channels, ranks, channelInterleaveBytes, interleavedBanks, lookahead } = banked;
  const { clock, timing, commandSlots, bankGroups, rows, rowBytes } = device;
  const one = channels === 1;
  const separate = commandSlots.separate === true;
  const rest = ranks * banksOf(device) === interleavedBanks ? '' : 'bank, ';
  const nanoseconds = (clocks: number): string => String(Number(((clocks * 1e9) / clock).toPrecision(4)));
  return [
    ['device', '器件', device.name],
    [
      'channels',
      '通道',
      `${channels} × ${8 * device.busBytes} bits at ${clock / 1e6} MHz, both edges: ${peakBandwidth(banked, device) / 1e9} GB/s`,
      `${channels} × ${8 * device.busBytes} 位，${clock / 1e6} MHz 双沿：${peakBandwidth(banked, device) / 1e9} GB/s`,
    ],
    [
      'banks',
      '存储体',
      `${ranks} rank${ranks === 1 ? '' : 's'} × ${bankGroups} groups × ${device.banksPerGroup}, ${rows} rows of ${rowBytes} B, bursts of ${burstBytesOf(device)} B`,
      `${ranks} rank × ${bankGroups} 组 × ${device.banksPerGroup}，${rows} 行（每行 ${rowBytes} 字节），突发 ${burstBytesOf(device)} 字节`,
    ],
    [
      'address',
      '地址',
      `row, ${rest}column, bank mod ${interleavedBanks}, ${one ? '' : `channel (${channelInterleaveBytes} B), `}burst`,
      `行，${rest === '' ? '' : '体，'}列，体 mod ${interleavedBanks}，${one ? '' : `通道（${channelInterleaveBytes} 字节），`}突发`,
    ],
    [
      'controller',
      '控制器',
      `open page, ${lookahead} requests ahead; columns every ${commandSlots.column} clocks, rows every ${commandSlots.row} at ${commandSlots.rowOffset}${separate ? ', on buses of their own' : ''}`,
      `开页策略，前瞻 ${lookahead} 个请求；列命令每 ${commandSlots.column} 时钟，行命令每 ${commandSlots.row} 时钟（偏移 ${commandSlots.rowOffset}）${separate ? '，各用一条总线' : ''}`,
    ],
    ...TIMES.map(
      (keys, i): DramRow => [
        i === 0 ? 'clocks (ns)' : '',
        i === 0 ? '时钟数（ns）' : '',
        keys.map((key) => `${key} ${timing[key]} (${nanoseconds(timing[key])})`).join('  '),
      ],
    ),
  ];
}
