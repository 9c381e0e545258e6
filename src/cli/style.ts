/** Language, colours and width of the report's texts on this terminal. */
import pc from 'picocolors';
import type { Palette } from '#report';
import type { Console } from './console.ts';

export const palette: Palette = { strong: pc.bold, faint: pc.dim, good: pc.green, bad: pc.red };

export const textStyle = (console: Console) => ({
  language: console.language,
  palette,
  ...(process.stdout.columns > 0 ? { width: process.stdout.columns } : {}),
});
