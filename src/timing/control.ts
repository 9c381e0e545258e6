/** Cost of control: instructions, taken branches, and what semaphores take in their queues. */
import type { Machine } from '#machine';

export interface ControlCost {
  readonly instruction: number;
  /** An instruction that is a taken branch, jump, call or return. */
  readonly taken: number;
  /** A `wait` or `signal` in its queue. */
  readonly semaphore: number;
  /** From the pop of a `signal` to its being visible. */
  readonly signalLatency: number;
}

export const controlCost = ({ control }: Machine): ControlCost => ({
  instruction: control.cyclesPerInstruction,
  taken: control.cyclesPerInstruction + control.branchPenalty,
  semaphore: control.queueCycles,
  signalLatency: control.signalLatency,
});
