/** What a unit waits for when it waits for a semaphore, in nests of every shape. */
import { isNestOperand } from './nest.ts';
import { isWinogradOperand } from './winograd/order.ts';

/** Whether a unit that waits for this semaphore waits for operands. */
export const isOperandSemaphore = (semaphore: number): boolean =>
  isNestOperand(semaphore) || isWinogradOperand(semaphore);
