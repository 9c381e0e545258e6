/** ArgMax: where along an axis the largest element stands. ONNX ArgMax-13. */
import { argExtremum } from './argExtremum.ts';

export const argMax = argExtremum('ArgMax', 'Where along an axis the largest element stands.', (a, b) => a > b);
