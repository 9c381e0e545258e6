/**
 * A 3 × 3 convolution of one image as two programs: by `mma` over the nine weights, and by the Winograd unit with one `mma` for each
 * position of a tile, in which transforms and products of different channels overlap by semaphores where they can.
 */
import { WINOGRAD_OUTPUTS, type WinogradTile } from '#isa';
import { filtersOf, type Machine } from '#machine';

/** Outputs of height × width × filters over channels; whole tiles. The input has a line more on each side. */
export interface Layer {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly filters: number;
}

/** The input (NHWC, padded), and the weights (ky, kx, c, n), as they lie in DRAM; the output follows. */
const places = ({ height, width, channels, filters }: Layer) => {
  const inputBytes = 4 * (height + 2) * (width + 2) * channels;
  const weightBytes = 4 * 9 * channels * filters;
  return {
    inputBytes,
    weightBytes,
    w: inputBytes,
    y: inputBytes + weightBytes,
    outputBytes: 4 * height * width * filters,
  };
};

function head(layer: Layer): string {
  const { height, width, channels, filters } = layer;
  const { inputBytes, weightBytes, w, y, outputBytes } = places(layer);
  return `.dram ${y + outputBytes}
    .input x, 0, f32[${height + 2}, ${width + 2}, ${channels}]
    .input w, ${w}, f32[3, 3, ${channels}, ${filters}]
    .output y, ${y}, f32[${height}, ${width}, ${filters}]
    cfg.dimi R0, 0, ${inputBytes / 4}, 4
    cfg.dimi R1, 0, ${weightBytes / 4}, 4
    cfg.dimi R2, 0, ${outputBytes / 4}, 4
    li r1, ${w}
    li r2, ${y}
    li r3, ${inputBytes}
    load nram, r0, r0, R0, R0, f32
    load wram, r0, r1, R1, R1, f32
    sync`;
}

/** Nine weights of a pixel in one reduction; filters of one group only, since the weights lie as they come. */
export function directProgram(layer: Layer, machine: Machine): string {
  const { height, width, channels, filters } = layer;
  if (filters > filtersOf(machine.matrix)) throw new Error('one group of filters');
  const [pixel, line] = [4 * channels, 4 * channels * (width + 2)];
  return `${head(layer)}
    cfg.dimi R3, 0, ${width}, ${pixel}
    cfg.dimi R3, 1, ${height}, ${line}
    cfg.dimi R4, 0, ${3 * channels}, 4
    cfg.dimi R4, 1, 3, ${line}
    cfg.dimi R5, 0, ${width}, ${4 * filters}
    cfg.dimi R5, 1, ${height}, ${4 * filters * width}
    cfg.dimi R5, 4, ${filters}, 0
    mma r3, r0, r0, R3, R4, R5, r0, r0, f32, clear, drain
    sync
    store nram, r2, r3, R2, R2, f32
    halt`;
}

export function winogradProgram(layer: Layer, tile: WinogradTile, machine: Machine): string {
  const { height, width, channels, filters } = layer;
  if (filters > filtersOf(machine.matrix)) throw new Error('one group of filters');
  const { inputBytes, weightBytes } = places(layer);
  const m = WINOGRAD_OUTPUTS[tile];
  const side = m + 2;
  const [tilesX, tilesY] = [width / m, height / m];
  const tiles = tilesX * tilesY;
  const [pixel, line] = [4 * channels, 4 * channels * (width + 2)];
  // One matrix a position: tiles × channels, channels × filters, tiles × filters.
  const [v, u, p] = [4 * tiles * channels, 4 * channels * filters, 4 * tiles * filters];
  const [vAt, pAt] = [inputBytes, inputBytes + side * side * v];
  return `${head(layer)}
    # Kernels: d0 filters, d1 channels; tiles of inputs and outputs: d0 channels or filters, d1 and d2 tiles.
    cfg.dimi R3, 0, ${filters}, 4
    cfg.dimi R3, 1, ${channels}, ${4 * filters}
    cfg.dimi R3, 3, 3, ${4 * channels * filters}
    cfg.dimi R3, 4, 3, ${12 * channels * filters}
    cfg.dimi R4, 0, 1, 4
    cfg.dimi R4, 1, 1, ${4 * filters}
    cfg.dimi R4, 3, 1, ${u}
    cfg.dimi R4, 4, 1, ${side * u}
    li r4, ${weightBytes}
    wino.weight r4, r0, R4, R3, f32, ${tile}, wram, wram
    cfg.dimi R5, 0, ${channels}, 4
    cfg.dimi R5, 1, ${tilesX}, ${m * pixel}
    cfg.dimi R5, 2, ${tilesY}, ${m * line}
    cfg.dimi R5, 3, ${side}, ${pixel}
    cfg.dimi R5, 4, ${side}, ${line}
    cfg.dimi R6, 0, 1, 4
    cfg.dimi R6, 1, 1, ${4 * channels}
    cfg.dimi R6, 2, 1, ${4 * channels * tilesX}
    cfg.dimi R6, 3, 1, ${v}
    cfg.dimi R6, 4, 1, ${side * v}
    li r5, ${vAt}
    wino.input r5, r0, R6, R5, f32, ${tile}
    signal winograd, 0
    wait matrix, 0
    cfg.dimi R7, 0, ${tiles}, ${4 * channels}
    cfg.dimi R8, 0, ${channels}, 4
    cfg.dimi R9, 0, ${tiles}, ${4 * filters}
    cfg.dimi R9, 4, ${filters}, 0
    li r6, ${pAt}
    add r10, r4, r0
    add r11, r5, r0
    add r12, r6, r0
    loopi ${side * side}
    mma r12, r11, r10, R7, R8, R9, r0, r0, f32, clear, drain
    addi r10, r10, ${u}
    addi r11, r11, ${v}
    addi r12, r12, ${p}
    endloop
    signal matrix, 1
    wait winograd, 1
    cfg.dimi R10, 0, ${filters}, 4
    cfg.dimi R10, 1, ${tilesX}, ${4 * filters}
    cfg.dimi R10, 2, ${tilesY}, ${4 * filters * tilesX}
    cfg.dimi R10, 3, ${side}, ${p}
    cfg.dimi R10, 4, ${side}, ${side * p}
    cfg.dimi R11, 0, 1, 4
    cfg.dimi R11, 1, 1, ${4 * filters * m}
    cfg.dimi R11, 2, 1, ${4 * filters * width * m}
    cfg.dimi R11, 3, 1, ${4 * filters}
    cfg.dimi R11, 4, 1, ${4 * filters * width}
    # The results go over the transformed inputs, which nobody needs any more.
    wino.output r5, r6, R11, R10, f32, ${tile}
    sync
    store nram, r2, r5, R2, R2, f32
    halt`;
}
