/**
 * Where an element of a resized axis lies on the original one (`coordinate_transformation_mode`), and which element is
 * nearest to that place (`nearest_mode`). ONNX Resize-19.
 *
 * Coordinates are rounded to f32 after each operation, in ONNX Runtime's order: which element is the nearest hangs on
 * the last bit where scales are no powers of two.
 */

export const COORDINATE_MODES = [
  'half_pixel',
  'half_pixel_symmetric',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
  'tf_half_pixel_for_nn',
  'tf_crop_and_resize',
] as const;
export type CoordinateMode = (typeof COORDINATE_MODES)[number];

export const NEAREST_MODES = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'] as const;
/** `simple` is what Upsample and Resize-10 do: down where the axis grows, up where it shrinks. */
export type NearestMode = (typeof NEAREST_MODES)[number] | 'simple';

/** One axis: its sizes, scale, and the part of it that tf_crop_and_resize takes (0 to 1: all). */
export interface ResizedAxis {
  readonly input: number;
  readonly output: number;
  readonly scale: number;
  readonly start: number;
  readonly end: number;
}

const f32 = Math.fround;

/** The place of element `x` of the resized axis. */
export function originalCoordinate(mode: CoordinateMode, x: number, axis: ResizedAxis): number {
  const { input, output, scale, start, end } = axis;
  switch (mode) {
    case 'asymmetric':
      return f32(x / scale);
    case 'half_pixel':
      return f32(f32((x + 0.5) / scale) - 0.5);
    case 'pytorch_half_pixel':
      return output > 1 ? f32(f32((x + 0.5) / scale) - 0.5) : 0;
    case 'half_pixel_symmetric': {
      // The centres of both axes meet, also where scale × input is no whole number.
      const adjustment = f32(output / f32(scale * input));
      const offset = f32(f32(input / 2) * f32(1 - adjustment));
      return f32(offset + (x + 0.5) / scale - 0.5);
    }
    case 'tf_half_pixel_for_nn':
      return f32((x + 0.5) / scale);
    case 'align_corners':
      return output > 1 ? f32(f32(x * (input - 1)) / (output - 1)) : 0;
    case 'tf_crop_and_resize': {
      if (output === 1) return f32(0.5 * f32(start + end) * (input - 1));
      const offset = f32(f32(f32(x * f32(end - start)) * (input - 1)) / (output - 1));
      return f32(f32(start * (input - 1)) + offset);
    }
  }
}

/** The element at a place; it may lie outside the axis. */
export function nearestElement(mode: NearestMode, place: number, scale: number): number {
  switch (mode) {
    case 'round_prefer_floor':
      return Math.ceil(place - 0.5);
    case 'round_prefer_ceil':
      return Math.floor(place + 0.5);
    case 'floor':
      return Math.floor(place);
    case 'ceil':
      return Math.ceil(place);
    case 'simple':
      return scale < 1 ? Math.ceil(place) : Math.trunc(place);
  }
}
