/**
 * `npm run embed FILE`: writes a trained LeNet-5 (of `systole train lenet5 --data MNIST --out FILE`) as the embedded network: the ONNX
 * file with its weights in float16, in base64.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { tensorNumbers, tensorOf } from '#ir';
import { readModel, writeModel } from '#onnx';

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('which file? npm run embed lenet5.onnx');
const model = readModel(readFileSync(file), { file });
const constants = new Map(
  [...model.graph.constants].map(([name, t]) => [
    name,
    t.dtype === 'float32' && t.dims.length > 0 ? tensorOf('float16', t.dims, tensorNumbers(t)) : t,
  ]),
);
const bytes = writeModel({ ...model, graph: { ...model.graph, name: 'lenet5', constants } });
const text = Buffer.from(bytes).toString('base64');
writeFileSync(
  'src/flow/embedded/lenet5.gen.ts',
  `/** Written by scripts/embed.ts from a trained network. */\nexport const LENET5 =\n  '${text}';\n`,
);
console.log(`${bytes.length} bytes`);
