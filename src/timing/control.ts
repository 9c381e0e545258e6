/** Cost of control: instructions, taken branches, and what semaphores take in their queues. */
import type { Machine } from '#machine';

export interface ControlCost {
  readonly instruction: number;
  /** An instruction that is a taken branch, jump, call or return. */
  readonly taken: number;
  /** A `wait` or `signal` in its queue. */
  readonly semaphore: number;
  /** From the pop of a `signal` to its being visible, in the same core and in another. */
  readonly signalLatency: number;
  readonly remoteSignalLatency: number;
  /** From the arrival of the last core where cores meet to their going on. */
  readonly barrierLatency: number;
}

export const controlCost = ({ control, cluster }: Machine): ControlCost => ({
  instruction: control.cyclesPerInstruction,
  taken: control.cyclesPerInstruction + control.branchPenalty,
  semaphore: control.queueCycles,
  signalLatency: control.signalLatency,
  remoteSignalLatency: cluster?.remoteSignalLatency ?? control.signalLatency,
  barrierLatency: cluster?.barrierLatency ?? control.signalLatency,
});
