/** "Did you mean …?": the known name nearest to what was written. */
import { distance } from 'fastest-levenshtein';

const letters = (text: string): string => [...text].sort().join('');

/** The nearest of `known`, or undefined where none is close enough to be a slip of the pen. */
export function nearestName(written: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const name of known) {
    const [a, b] = [written.toLowerCase(), name.toLowerCase()];
    // Letters that only changed places count as one slip: `loda` means `load` rather than `loop`.
    const d = a !== b && letters(a) === letters(b) ? 1 : distance(a, b);
    if (d < bestDistance) {
      best = name;
      bestDistance = d;
    }
  }
  return bestDistance <= Math.max(2, Math.floor(written.length / 3)) ? best : undefined;
}
