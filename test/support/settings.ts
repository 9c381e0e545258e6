/** Float operands that gradient tests leave as they are. */
import type { Sample } from '#ops';

/** By operator: operands that say which elements are meant, not how much of them; the rules refuse them, with a code. */
const SETTINGS: Readonly<Record<string, readonly number[]>> = {
  // Region and scales.
  Resize: [1, 2],
  Upsample: [1],
};

export const isSetting = (s: Sample, input: number): boolean => SETTINGS[s.node.op]?.includes(input) ?? false;
