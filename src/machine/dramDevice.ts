/**
 * DRAM in banks, as the machine file describes it: a device (organisation and times, from a data sheet) and what stands before
 * it (channels, interleaving, how far its controller looks ahead). Times are in clocks of the device, under their JEDEC names.
 */
import * as z from 'zod';
import ddr3 from './dram/ddr3-1600.json' with { type: 'json' };
import ddr4 from './dram/ddr4-2400.json' with { type: 'json' };
import hbm2 from './dram/hbm2-2000.json' with { type: 'json' };
import lpddr4 from './dram/lpddr4-3200.json' with { type: 'json' };

const positive = z.number().int().positive();
const count = z.number().int().nonnegative();
const powerOfTwo = positive.refine((n) => (n & (n - 1)) === 0, 'must be a power of two');

const timing = z
  .strictObject({
    CL: count.describe('READ to its first data'),
    CWL: count.describe('WRITE to its first data'),
    tRCD: positive.describe('ACTIVATE to READ'),
    tRCDWR: positive.describe('ACTIVATE to WRITE; the same but in HBM'),
    tRP: positive.describe('PRECHARGE of one bank to ACTIVATE'),
    tRPab: positive.describe('PRECHARGE of all banks to REFRESH'),
    tRAS: positive.describe('ACTIVATE to PRECHARGE'),
    tRC: positive.describe('ACTIVATE to ACTIVATE of one bank'),
    tRRD_S: positive.describe('ACTIVATE to ACTIVATE of another bank group'),
    tRRD_L: positive.describe('ACTIVATE to ACTIVATE of another bank of the group'),
    tFAW: positive.describe('window of at most four ACTIVATEs of a rank'),
    tCCD_S: positive.describe('READ to READ, WRITE to WRITE, of another bank group'),
    tCCD_L: positive.describe('READ to READ, WRITE to WRITE, of the same bank group'),
    tWR: positive.describe('last data of a WRITE to PRECHARGE'),
    tWTR_S: positive.describe('last data of a WRITE to READ of another bank group'),
    tWTR_L: positive.describe('last data of a WRITE to READ of the same bank group'),
    tRTP: positive.describe('READ to PRECHARGE'),
    tRTW: positive.describe('READ to WRITE'),
    tRTRS: count.describe('data of one rank to data of another'),
    tRFC: positive.describe('REFRESH of all banks to ACTIVATE'),
    tREFI: positive.describe('REFRESH to REFRESH'),
  })
  .describe('clocks of the device');

export const dramDeviceSchema = z.strictObject({
  name: z.string().min(1),
  description: z.string(),
  sources: z.array(z.string()).describe('where the figures come from'),
  clock: positive.describe('Hz of the command clock; data go at both of its edges'),
  busBytes: powerOfTwo.describe('width of the data bus of a channel'),
  burstLength: powerOfTwo
    .refine((n) => n > 1, 'must be 2 or more')
    .describe('edges of the bus that a READ or WRITE takes'),
  bankGroups: powerOfTwo.describe('1: none'),
  banksPerGroup: powerOfTwo,
  rows: positive.describe('of a bank'),
  rowBytes: powerOfTwo.describe('of all chips of a rank side by side'),
  commandSlots: z
    .strictObject({
      column: positive.describe('READ and WRITE go at multiples of so many clocks'),
      row: positive.describe('ACTIVATE, PRECHARGE and REFRESH go once in so many clocks'),
      rowOffset: count.describe('and so many behind the multiple'),
      separate: z
        .boolean()
        .optional()
        .describe(
          'row and column commands have buses of their own, as in HBM; absent: one bus, on which slots must not meet',
        ),
    })
    .describe('turns on the command bus, so that no two commands meet there'),
  timing,
});

export const DRAM_STANDARDS = ['ddr3-1600', 'ddr4-2400', 'lpddr4-3200', 'hbm2-2000'] as const;

export const banked = z
  .strictObject({
    standard: z.enum(DRAM_STANDARDS).optional().describe('a device that comes with Systole; or device'),
    device: dramDeviceSchema.optional().describe('a device spelled out; or standard'),
    channels: powerOfTwo.describe('each with buses and a controller of its own'),
    ranks: powerOfTwo.describe('of a channel, taking turns on its buses'),
    channelInterleaveBytes: powerOfTwo.describe('so many bytes lie in one channel, the next in the next'),
    interleavedBanks: powerOfTwo.describe(
      'banks of a channel that bursts of consecutive addresses take in turn; 1: a row after the other',
    ),
    lookahead: count.describe('requests behind the one that moves data whose rows the controller already opens'),
  })
  .describe('absent: bandwidth and latency are all that DRAM has');

export type DramDevice = z.infer<typeof dramDeviceSchema>;
export type BankedDram = z.infer<typeof banked>;

/** By name. */
export const dramDevices: ReadonlyMap<string, DramDevice> = new Map(
  [ddr3, ddr4, lpddr4, hbm2].map((document) => {
    const parsed = dramDeviceSchema.parse(document);
    return [parsed.name, parsed];
  }),
);

/** The device of a machine's DRAM, by name or spelled out. */
export const deviceOf = ({ standard, device: own }: BankedDram): DramDevice | undefined =>
  standard === undefined ? own : dramDevices.get(standard);

export const burstBytesOf = ({ busBytes, burstLength }: DramDevice): number => busBytes * burstLength;
export const banksOf = ({ bankGroups, banksPerGroup }: DramDevice): number => bankGroups * banksPerGroup;
/** Bytes a second on all channels at once. */
export const peakBandwidth = ({ channels }: BankedDram, { clock, busBytes }: DramDevice): number =>
  channels * 2 * clock * busBytes;
