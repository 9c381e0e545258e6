/** Banked DRAM: see ARCHITECTURE.md, "DRAM in banks". */
export * from './config.ts';
export * from './estimate.ts';
export * from './service.ts';
