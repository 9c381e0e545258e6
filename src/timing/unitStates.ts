/**
 * The units as state machines: what each does in a state, how long it stays, and where it goes from there. The cycle model jumps from
 * event to event with the closed forms of this layer; `test/support/clockedModel.ts` walks these tables a cycle at a time, and both
 * must meet every start and end (`test/clocked.test.ts`). `docs/machine.md` prints them.
 *
 * A state that lasts 0 cycles is passed through in the cycle in which it is entered.
 */

export interface UnitState {
  readonly name: string;
  /** What happens in it. */
  readonly does: string;
  /** Cycles that it lasts, as a formula of the machine file and the entry; absent: until a condition holds. */
  readonly cycles?: string;
  readonly next: readonly { readonly when: string; readonly to: string }[];
}

export interface UnitMachine {
  readonly unit: string;
  /** The first is the state after reset. */
  readonly states: readonly UnitState[];
}

const popped = (to: string): UnitState['next'] => [
  { when: 'head is `wait s` that was dispatched by now, S[s] has a visible count', to: 'SEMAPHORE' },
  { when: 'head is `signal s` that was dispatched by now', to: 'SEMAPHORE' },
  {
    when: 'head is any other entry that was dispatched by now, and banks of scratchpads that it needs are its own to take',
    to,
  },
];

const idle = (to: string): UnitState => ({
  name: 'IDLE',
  does:
    'Looks at the head of its queue; what it takes leaves the queue, and room is free for control in the same cycle. With a scoreboard: at the ' +
    'head, or out of order at the oldest entry, that may start (control.md).',
  next: popped(to),
});

const semaphore: UnitState = {
  name: 'SEMAPHORE',
  does:
    '`wait`: takes one of S[s] on entry. `signal`: adds one to S[s], visible `control.signalLatency` cycles after entry; everything before ' +
    'it in this queue is complete.',
  cycles: 'control.queueCycles',
  next: [{ when: 'time is over', to: 'IDLE' }],
};

export const DMA_STATES: UnitMachine = {
  unit: 'DMA (load, store, or one for both)',
  states: [
    idle('SETUP'),
    semaphore,
    {
      name: 'SETUP',
      does: 'Takes the snapshotted records and base addresses into the address generators.',
      cycles: 'dma.setupCycles',
      next: [
        { when: 'time is over, some element lies inside the bounds', to: 'ASK' },
        { when: 'time is over, none does', to: 'FILL' },
      ],
    },
    {
      name: 'ASK',
      does: 'Asks for the DRAM channel and waits for its grant.',
      next: [{ when: 'granted', to: 'TRANSFER' }],
    },
    {
      name: 'TRANSFER',
      does:
        'DRAM side and scratchpad side run at once: the channel carries the bursts, the first of them `dram.latencyCycles` after the grant; ' +
        'the scratchpad takes or gives `dma.scratchpadBytesPerCycle`. The channel is free again after ⌈burst bytes ÷ bandwidth⌉; ' +
        'where DRAM has banks, both take what these say and no less. Of a compressed stream the decompressor stands between the two.',
      cycles:
        'max(⌈burst bytes ÷ bandwidth⌉ + dram.latencyCycles, ⌈scratchpad bytes ÷ dma.scratchpadBytesPerCycle⌉, conflicts among ways of ' +
        'the scratchpad); of a compressed stream max(those, ⌈elements ÷ dma.decompressor.elementsPerCycle⌉) + dma.decompressor.pipelineCycles',
      next: [{ when: 'time is over', to: 'IDLE' }],
    },
    {
      name: 'FILL',
      does: 'Writes the fill word of the record; a store has nothing to do.',
      cycles: '⌈scratchpad bytes ÷ dma.scratchpadBytesPerCycle⌉',
      next: [{ when: 'time is over', to: 'IDLE' }],
    },
  ],
};

export const CHANNEL_STATES: UnitMachine = {
  unit: 'DRAM channel',
  states: [
    {
      name: 'FREE',
      does: 'Grants the unit that has asked longest; of those that asked in the same cycle the load, which is the unit of lower number.',
      next: [{ when: 'a unit is in ASK', to: 'TAKEN' }],
    },
    {
      name: 'TAKEN',
      does: 'Serves one whole transfer; nobody interrupts it.',
      cycles: '⌈burst bytes ÷ bandwidth⌉; where DRAM has banks, until their last data',
      next: [{ when: 'time is over', to: 'FREE' }],
    },
  ],
};

const pipeline = (to: string): UnitState => ({
  name: 'PIPELINE',
  does: 'The stages between operands and results fill, once for each entry.',
  cycles: 'pipelineCycles of the unit',
  next: [
    { when: 'time is over, there is something to compute', to },
    { when: 'time is over, some size is below 1', to: 'IDLE' },
  ],
});

export const DOT_STATES: UnitMachine = {
  unit: 'matrix, kind `dot`',
  states: [
    idle('PIPELINE'),
    semaphore,
    pipeline('CHUNK'),
    {
      name: 'CHUNK',
      does:
        'Ti neurons go to all Tn vector-MACs, Tn × Ti weights with them; adder trees and accumulators add one chunk of one pixel for one group. ' +
        'Of sparse weights each of the Tn has its own Ti neurons, chosen by its indices.',
      cycles:
        '1 for each group × pixel × chunk; with `matrix.operands` max(⌈Ti elements ÷ input port⌉, ⌈Ti·Tn elements ÷ weight port⌉)',
      next: [
        { when: 'chunks of this pixel, pixels of this group, groups are left', to: 'CHUNK' },
        { when: 'that was the last', to: 'IDLE' },
      ],
    },
  ],
};

export const SYSTOLIC_STATES: UnitMachine = {
  unit: 'matrix, kind `systolic`',
  states: [
    idle('PIPELINE'),
    semaphore,
    pipeline('FILL'),
    {
      name: 'FILL',
      does: 'The stationary operand is shifted in row by row. With `preload: hidden` only the first fold has it; the others fill under the one before, and here what that was too short for.',
      cycles:
        'rows; 0 where outputs are stationary; with `matrix.operands` each row takes ⌈columns elements ÷ port⌉ of the operand held',
      next: [{ when: 'time is over', to: 'STREAM' }],
    },
    {
      name: 'STREAM',
      does: 'One element of the streamed extent enters the first row and column each cycle.',
      cycles:
        'pixels (weight-stationary), filters (input-stationary), reduction elements (output-stationary); with `matrix.operands` each takes ' +
        '⌈rows elements ÷ port⌉ of the operand that streams; outputs stationary max(⌈rows ÷ input port⌉, ⌈columns ÷ weight port⌉)',
      next: [{ when: 'time is over', to: 'SKEW' }],
    },
    {
      name: 'SKEW',
      does: 'The last element travels to the far corner.',
      cycles: 'rows + columns − 2',
      next: [
        { when: 'time is over, outputs are stationary, `preload: exposed`', to: 'EMPTY' },
        { when: 'time is over, folds are left, `preload: exposed` or the next is not filled yet', to: 'FILL' },
        { when: 'time is over, folds are left, otherwise', to: 'STREAM' },
        { when: 'time is over, that was the last fold', to: 'IDLE' },
      ],
    },
    {
      name: 'EMPTY',
      does: 'Sums are shifted out row by row.',
      cycles: 'rows',
      next: [
        { when: 'time is over, folds are left', to: 'STREAM' },
        { when: 'time is over, that was the last fold', to: 'IDLE' },
      ],
    },
  ],
};

export const SCALAR_STATES: UnitMachine = {
  unit: 'matrix, kind `scalar`',
  states: [
    idle('PIPELINE'),
    semaphore,
    pipeline('STEP'),
    {
      name: 'STEP',
      does:
        'Every element of the array adds one product to its pixel: the weight goes to all, inputs come from NRAM at two edges and from neighbours ' +
        'elsewhere. A single pixel: elements hold filters, the input goes to all.',
      cycles:
        '1 for each filter × block of columns × rows pixels × reduction element; of a single pixel: block of filters × reduction element; with ' +
        '`matrix.operands` max(⌈the longer edge ÷ input port⌉, ⌈1 ÷ weight port⌉), of a single pixel max(⌈1 ÷ input port⌉, ⌈rows·columns ÷ weight port⌉), ' +
        'in elements',
      next: [
        { when: 'elements of the reduction, blocks, filters are left', to: 'STEP' },
        { when: 'that was the last', to: 'IDLE' },
      ],
    },
  ],
};

export const VECTOR_STATES: UnitMachine = {
  unit: 'vector',
  states: [
    idle('PIPELINE'),
    semaphore,
    pipeline('GROUP'),
    {
      name: 'GROUP',
      does: 'One group of lanes along d0: operands are read, F is computed, the result is written or meets C.',
      cycles:
        'vector.cycles of the class of F; where NRAM has ways, what the busiest of them has to do for a stream, if more',
      next: [
        { when: 'groups of this run of d0 are left', to: 'GROUP' },
        { when: 'the run is over and d0 is reduced', to: 'TREE' },
        { when: 'the run is over, runs are left', to: 'GROUP' },
        { when: 'that was the last', to: 'IDLE' },
      ],
    },
    {
      name: 'TREE',
      does: 'The lanes meet pairwise, then meet C.',
      cycles: 'log2(lanes)',
      next: [
        { when: 'time is over, runs are left', to: 'GROUP' },
        { when: 'that was the last', to: 'IDLE' },
      ],
    },
  ],
};

export const WINOGRAD_STATES: UnitMachine = {
  unit: 'winograd',
  states: [
    idle('PIPELINE'),
    semaphore,
    pipeline('TILE'),
    {
      name: 'TILE',
      does: 'Lanes transform one tile of as many channels: lines come in, columns and lines are transformed, lines go out.',
      cycles: 'winograd.tileCycles of the tile',
      next: [
        { when: 'groups of channels, tiles are left', to: 'TILE' },
        { when: 'that was the last', to: 'IDLE' },
      ],
    },
  ],
};

/** Of machines with a SharedRAM; not walked by the clocked model, which has one core. */
const LINK_STATES: UnitMachine = {
  unit: 'link (SharedRAM to and from scratchpads)',
  states: [
    idle('SETUP'),
    semaphore,
    {
      name: 'SETUP',
      does: 'Takes the snapshotted records and base addresses into the address generators.',
      cycles: 'dma.setupCycles',
      next: [
        { when: 'time is over, `ports: private`, or no element lies inside the bounds', to: 'TRANSFER' },
        { when: 'time is over, `ports: one`', to: 'ASK' },
      ],
    },
    {
      name: 'ASK',
      does:
        'Asks for the port of its cluster, which serves whole transfers in order of asking, at a tie the core of lower number first, and is ' +
        'taken for ⌈bytes ÷ link⌉.',
      next: [{ when: 'granted', to: 'TRANSFER' }],
    },
    {
      name: 'TRANSFER',
      does: 'Link and scratchpad port run at once.',
      cycles: 'max(⌈bytes inside the bounds ÷ link⌉, ⌈bytes of all elements ÷ dma.scratchpadBytesPerCycle⌉)',
      next: [{ when: 'time is over', to: 'IDLE' }],
    },
  ],
};

const MEETING_STATES: UnitMachine = {
  unit: 'meeting of cores (`barrier`, `sync` and `host` of a cluster or the chip), one for each scope',
  states: [
    {
      name: 'OPEN',
      does: 'Notes which cores stand at it; `sync` and `host` arrive once all queues of their core are empty and its units idle.',
      next: [{ when: 'all cores of the scope stand at it', to: 'RELEASE' }],
    },
    {
      name: 'RELEASE',
      does: 'Lets all go on together, at a `host` once the host is done; of a core alone in its scope 0 cycles.',
      cycles: 'cluster.barrierLatency (control.signalLatency where it is absent)',
      next: [{ when: 'time is over', to: 'OPEN' }],
    },
  ],
};

export const UNIT_MACHINES: readonly UnitMachine[] = [
  DMA_STATES,
  CHANNEL_STATES,
  DOT_STATES,
  SYSTOLIC_STATES,
  SCALAR_STATES,
  VECTOR_STATES,
  WINOGRAD_STATES,
  LINK_STATES,
  MEETING_STATES,
];
