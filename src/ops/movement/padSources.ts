/**
 * One axis of Pad: which element of the input each place of the output takes. Negative padding crops; the mode then
 * continues what is left. −1 stands for the constant.
 */
export type PadMode = 'constant' | 'edge' | 'reflect' | 'wrap';

/** Sources for an axis of `size` elements; undefined where a mode has nothing to continue. */
export function padSources(size: number, begin: number, end: number, mode: PadMode): number[] | undefined {
  const from = Math.max(0, -begin);
  const kept = size - from - Math.max(0, -end);
  const [before, after] = [Math.max(0, begin), Math.max(0, end)];
  const places = Array.from({ length: Math.max(0, before + kept + after) }, (_, k) => k - before);
  if (mode === 'constant') return places.map((p) => (p >= 0 && p < kept ? from + p : -1));
  if (kept <= 0) return places.length === 0 ? [] : undefined;
  return places.map((p) => from + continued(p, kept, mode));
}

/** The element of `0 … n−1` that stands at place `p`, left and right of them included. */
function continued(p: number, n: number, mode: Exclude<PadMode, 'constant'>): number {
  const modulo = (a: number, m: number) => ((a % m) + m) % m;
  switch (mode) {
    case 'edge':
      return Math.min(Math.max(p, 0), n - 1);
    case 'wrap':
      return modulo(p, n);
    case 'reflect': {
      // The border element is not repeated: the sequence has period 2(n−1).
      if (n === 1) return 0;
      const q = modulo(p, 2 * (n - 1));
      return q < n ? q : 2 * (n - 1) - q;
    }
  }
}
