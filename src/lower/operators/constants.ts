/** Constant tensors as the kernels read them. */
import { type Tensor, tensorBytes } from '#ir';

/** The weights as floats, written out only when asked for. */
export function floats(t: Tensor): () => Float32Array {
  return () => {
    const bytes = tensorBytes(t);
    // Raw data may lie unaligned in the file.
    return bytes.byteOffset % 4 === 0
      ? new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
      : new Float32Array(bytes.slice().buffer);
  };
}
