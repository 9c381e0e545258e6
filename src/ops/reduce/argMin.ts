/** ArgMin: where along an axis the smallest element stands. ONNX ArgMin-13. */
import { argExtremum } from './argExtremum.ts';

export const argMin = argExtremum('ArgMin', 'Where along an axis the smallest element stands.', (a, b) => a < b);
