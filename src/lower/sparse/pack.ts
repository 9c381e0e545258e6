/** Compressed blocks of weights as bytes. Zeros of either sign are left out: a sum is the same without them. */
import { internalError } from '#base';
import { ELEMENT_BYTES, encodeStream, packWeights } from '#isa';
import type { MatrixType } from '#machine';
import { rowsOf, type SparseWeights } from './forms.ts';
import type { BlockSizes } from './weightCounts.ts';

/**
 * The stream of a dense block, parameters included, with so many bytes.
 * @param weightBytes of the block before its parameters
 */
export function streamOf(dense: ArrayBuffer, type: MatrixType, weightBytes: number, bytes: number): Uint8Array {
  if (type === 'f32') clearSigns(new Uint32Array(dense, 0, weightBytes / 4), 0x80000000);
  if (type === 'f16' || type === 'bf16') clearSigns(new Uint16Array(dense, 0, weightBytes / 2), 0x8000);
  const stream = encodeStream('bitmap', new Uint8Array(dense), ELEMENT_BYTES[type], bytes);
  if (!(stream instanceof Uint8Array) || stream.length !== bytes) throw wrongCount();
  return stream;
}

/** −0 as 0. */
function clearSigns(elements: Uint32Array | Uint16Array, negativeZero: number): void {
  for (let i = 0; i < elements.length; i++) if (elements[i] === negativeZero) elements[i] = 0;
}

/** Weights for `mma.sparse`. @param matrix filters of an element of the reduction side by side */
export function multipliedBytes(
  sparse: SparseWeights,
  matrix: Float32Array,
  tile: BlockSizes,
  size: BlockSizes,
): Uint8Array {
  clearSigns(new Uint32Array(matrix.buffer), 0x80000000);
  const { form, tn } = sparse;
  const packed =
    form === 'bitmap'
      ? packWeights('bitmap', matrix, size.n, tn, rowsOf(sparse, tile, size))
      : packWeights('two4', matrix, size.n, tn);
  if (!('bytes' in packed)) throw wrongCount();
  return packed.bytes;
}

const wrongCount = (): Error => internalError({ what: 'a block of weights has more values than were counted' });
