/**
 * Strokes to grey levels: the pen is a disc whose radius changes along the stroke; a pixel's ink follows from the
 * distance of its centre to the nearest segment. Arithmetic and square roots only, so every host draws the same.
 */

export interface PenPoint {
  readonly x: number;
  readonly y: number;
  /** Of the disc, in pixels. */
  readonly radius: number;
}

/** Over how many pixels an edge goes from ink to paper. */
const EDGE = 1.4;

/** Draws a line through points (in pixels, the first pixel's centre at 0.5) over what is there: the darker stays. */
export function drawLine(pixels: Uint8Array, width: number, height: number, line: readonly PenPoint[]): void {
  for (let i = 1; i < line.length; i++) {
    const [a, b] = [line[i - 1]!, line[i]!];
    const reach = Math.max(a.radius, b.radius) + EDGE / 2;
    const left = Math.max(0, Math.floor(Math.min(a.x, b.x) - reach));
    const right = Math.min(width - 1, Math.floor(Math.max(a.x, b.x) + reach));
    const top = Math.max(0, Math.floor(Math.min(a.y, b.y) - reach));
    const bottom = Math.min(height - 1, Math.floor(Math.max(a.y, b.y) + reach));
    const [dx, dy] = [b.x - a.x, b.y - a.y];
    const square = dx * dx + dy * dy;
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const [px, py] = [x + 0.5 - a.x, y + 0.5 - a.y];
        const along = square === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / square));
        const [ex, ey] = [px - along * dx, py - along * dy];
        const radius = a.radius + along * (b.radius - a.radius);
        const ink = (radius - Math.sqrt(ex * ex + ey * ey)) / EDGE + 0.5;
        const level = ink >= 1 ? 255 : ink <= 0 ? 0 : Math.floor(ink * 255 + 0.5);
        const at = y * width + x;
        if (level > pixels[at]!) pixels[at] = level;
      }
    }
  }
}
