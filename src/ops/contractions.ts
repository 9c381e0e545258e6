/**
 * MACs of contractions that have no file of their own here: they run on the host, and are priced there. Formulas follow the
 * ONNX operator reference (opset 23); shapes are static.
 */
type Dims = readonly number[];
/** @param input dimensions of an input, undefined where absent */
type Macs = (input: (index: number) => Dims | undefined, output: Dims) => number | undefined;

const product = (dims: Dims): number => dims.reduce((n, d) => n * d, 1);

/** A convolution whose weights [M, C/group, …] are input 1: as many products an output as a filter has weights. */
const convolution: Macs = (input, output) => {
  const w = input(1);
  return w && product(output) * product(w.slice(1));
};

export const CONTRACTIONS: ReadonlyMap<string, Macs> = new Map<string, Macs>([
  ['DeformConv', convolution],
  [
    'Attention',
    // Q·Kᵀ and the product with V: [B, heads, S, D], or [B, S, heads·D] where heads are packed.
    (input, output) => {
      const [q, k, past] = [input(0), input(1), input(4)];
      const length = k && (k.length === 4 ? k[2]! : k[1]!) + (past?.[2] ?? 0);
      return q && length !== undefined ? length * (product(q) + product(output)) : undefined;
    },
  ],
]);

/** Contractions that have a file, and are not among the layers of the analytic models. */
const WITH_FILE: ReadonlySet<string> = new Set([
  ...['ConvTranspose', 'Einsum', 'GRU', 'LSTM', 'RNN'],
  ...['ConvInteger', 'MatMulInteger', 'QLinearConv', 'QLinearMatMul'],
]);

/** Whether an operator of ONNX's domain is one of either. */
export const isContraction = (op: string): boolean => CONTRACTIONS.has(op) || WITH_FILE.has(op);
