/** A convolution's loop nest in tiles: as text, executed and counted, in closed form. */
export { executeNest, executePlain, type TileStep, tileSteps } from './execute.ts';
export { type Convolution, type Nest, nestOf, ORDER_NAMES, type Tile } from './nest.ts';
export { tiledLayer, usualTile } from './ofLayer.ts';
export { nestText } from './print.ts';
export { tilingText } from './text.ts';
export { type TilingReport, tilingReport } from './tilings.ts';
export { leastWords, tileBufferWords, tilingWords } from './words.ts';
