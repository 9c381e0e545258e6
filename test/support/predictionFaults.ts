/**
 * Predicted against simulated: lowering sums the unit costs of `timing` over classes of tiles, the simulator adds them up
 * entry by entry. Busy cycles of every unit, cycles of the DRAM channel and bytes must be equal to the last one.
 */
import type { LayerPrediction, Program } from '#isa';
import type { LayerResult, SimulationResult } from '#sim';

/** The figures that must be equal, units in a fixed order. */
const exact = (p: LayerPrediction | LayerResult): string => {
  const { busy, channelCycles, readBytes, writeBytes, readBurstBytes, writeBurstBytes } = p;
  const units = (['dma', 'load', 'store', 'matrix', 'vector', 'link', 'winograd'] as const).map((u) => [
    u,
    busy[u] ?? 0,
  ]);
  return JSON.stringify({
    ...Object.fromEntries(units),
    channelCycles,
    readBytes,
    writeBytes,
    readBurstBytes,
    writeBurstBytes,
  });
};

/** One line for each layer of which the run is not what was predicted. Host layers have no prediction, all others must. */
export const predictionFaults = ({ layers }: Program, result: SimulationResult): string[] =>
  layers.flatMap((layer, i) => {
    if (layer.where === 'host') return [];
    if (layer.predicted === undefined) return [`layer ${layer.name} has no prediction`];
    const [predicted, ran] = [exact(layer.predicted), exact(result.layers[i]!)];
    return predicted === ran ? [] : [`layer ${layer.name}: predicted ${predicted}, ran ${ran}`];
  });
