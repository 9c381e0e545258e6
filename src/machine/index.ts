/** Layer `machine`: the Machine schema, presets, and the reading of machine files. */
export { AREA_NANOMETRES, AREA_PARTS, type AreaEstimate, type AreaPart, estimateArea } from './areaModel.ts';
export { capacityErrors } from './capacity.ts';
export { changedMachine, changeText, expectedInstead, type FieldChange, splitChanges } from './change.ts';
export {
  type BankedDram,
  banksOf,
  burstBytesOf,
  type DramDevice,
  deviceOf,
  dramDeviceSchema,
  dramDevices,
  peakBandwidth,
} from './dramDevice.ts';
export { type MachineField, machineFields } from './fields.ts';
export * from './load.ts';
export { type MarketDevice, marketDevices } from './market.ts';
export * from './matrix.ts';
export { accessEnergyFactor, withMemoryEnergy } from './memoryEnergy.ts';
export * from './presets.ts';
export * from './schema.ts';
export * from './show.ts';
