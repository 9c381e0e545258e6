/** Attributes that convolution and pooling share, with ONNX's defaults. */
import type { AttributeSpec } from '../define.ts';

export const WINDOW_ATTRIBUTES = {
  auto_pad: {
    kind: 'string',
    doc: 'NOTSET (default): `pads` holds. SAME_UPPER, SAME_LOWER: output size = ⌈input ÷ stride⌉, an odd pad at the end or the beginning. VALID: no padding.',
  },
  pads: { kind: 'ints', doc: 'Elements added at the beginnings, then at the ends of the spatial axes; default 0.' },
  strides: { kind: 'ints', doc: 'Steps along the spatial axes; default 1.' },
} as const satisfies Readonly<Record<string, AttributeSpec>>;
