/**
 * Interpolation along one axis as a sparse matrix: for each element of the resized axis the elements of the original one
 * that it is made of, with weights that sum to 1. All axes are interpolated alike and one after the other; that is the
 * same as all at once, since weights multiply. ONNX Resize-19; cubic: Keys 1981.
 */
import {
  type CoordinateMode,
  type NearestMode,
  nearestElement,
  originalCoordinate,
  type ResizedAxis,
} from './coordinates.ts';

export type InterpolationMode = 'nearest' | 'linear' | 'cubic';

export interface Interpolation {
  readonly mode: InterpolationMode;
  readonly coordinates: CoordinateMode;
  readonly nearest: NearestMode;
  /** Parameter a of the cubic kernel. */
  readonly cubicA: number;
  /** Whether elements outside the axis have no weight; otherwise the first and the last one stand for them. */
  readonly excludeOutside: boolean;
  /** Whether the kernel is widened where the axis shrinks. */
  readonly antialias: boolean;
  /** What lies outside the part that tf_crop_and_resize takes, where that is outside the axis. */
  readonly extrapolation: number;
}

export interface Tap {
  readonly index: number;
  readonly weight: number;
}

/** One element of the resized axis; 'outside' where it is the extrapolation value. */
export type Taps = readonly Tap[] | 'outside';

/** The rows of an axis; undefined where it stays as it is. */
export function axisTaps(settings: Interpolation, axis: ResizedAxis): readonly Taps[] | undefined {
  const cropped = settings.coordinates === 'tf_crop_and_resize';
  if (axis.input === axis.output && axis.scale === 1 && !(cropped && (axis.start !== 0 || axis.end !== 1))) {
    return undefined;
  }
  return Array.from({ length: axis.output }, (_, x) => {
    const place = originalCoordinate(settings.coordinates, x, axis);
    if (cropped && (place < 0 || place > axis.input - 1)) return 'outside';
    return tapsAt(settings, place, axis);
  });
}

function tapsAt(settings: Interpolation, place: number, axis: ResizedAxis): readonly Tap[] {
  const clamp = (index: number): number => Math.min(Math.max(index, 0), axis.input - 1);
  if (settings.mode === 'nearest') {
    return [{ index: clamp(nearestElement(settings.nearest, place, axis.scale)), weight: 1 }];
  }
  const kernel = settings.mode === 'linear' ? triangle : cubic(settings.cubicA);
  const radius = kernelRadius(settings, axis);
  const squeeze = kernelSupport(settings.mode) / radius;
  const taps: Tap[] = [];
  for (let i = Math.floor(place - radius) + 1; i < place + radius; i++) {
    const index = clamp(i);
    if (index === i || !settings.excludeOutside) taps.push({ index, weight: kernel((i - place) * squeeze) });
  }
  // Without taps the place is far outside, and all weight excluded.
  const total = taps.reduce((sum, { weight }) => sum + weight, 0);
  if (total === 0) return [{ index: clamp(Math.round(place)), weight: 1 }];
  return taps.map(({ index, weight }) => ({ index, weight: weight / total }));
}

const kernelSupport = (mode: InterpolationMode): number => (mode === 'cubic' ? 2 : 1);

/** How far from a place elements count. */
export function kernelRadius({ mode, antialias }: Interpolation, { scale }: Pick<ResizedAxis, 'scale'>): number {
  return kernelSupport(mode) / (antialias ? Math.min(scale, 1) : 1);
}

const triangle = (x: number): number => Math.max(0, 1 - Math.abs(x));

/** Keys' cubic convolution kernel. */
const cubic =
  (a: number) =>
  (signed: number): number => {
    const x = Math.abs(signed);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? ((x - 5) * x + 8) * x * a - 4 * a : 0;
  };
