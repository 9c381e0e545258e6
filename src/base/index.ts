/** Layer `base`: diagnostics, text, bits, units, seeded random. Imports no other layer. */
export * from './codeFrame.ts';
export * from './credentials.ts';
export * from './diagnostics.ts';
export * from './floats.ts';
export * from './minifloats.ts';
export * from './nearest.ts';
export * from './random.ts';
