/**
 * A network of your own, from its graph to the processor's answer and its cycles. Run it with
 *   node --conditions=source examples/01-run-a-network.ts
 * In a project that has installed the package the imports are the same and the option is not needed.
 */
import { compileModel, runAndCheck } from 'systole';
import { createEngine } from 'systole/engine';
import { type Tensor, tensorNumbers, tensorOf, tensorType } from 'systole/ir';
import { resolveMachine } from 'systole/machine';
import { modelOf, readModel, writeModel } from 'systole/onnx';
import { reportText, runReport } from 'systole/report';

/** y = relu(x · w): two rows of three, two filters. `readModel(bytes)` takes any .onnx file the same way. */
export async function runNetwork(): Promise<{ answer: number[]; cycles: number; text: string }> {
  const graph = {
    name: 'example',
    inputs: [{ name: 'x', type: tensorType('float32', [2, 3]) }],
    outputs: [{ name: 'y', type: tensorType('float32', [2, 2]) }],
    nodes: [
      { name: 'product', op: 'MatMul', domain: '', inputs: ['x', 'w'], outputs: ['p'], attributes: new Map() },
      { name: 'gate', op: 'Relu', domain: '', inputs: ['p'], outputs: ['y'], attributes: new Map() },
    ],
    constants: new Map([['w', tensorOf('float32', [3, 2], [1, -1, 2, 0, 3, 1])]]),
    types: new Map(),
  };
  const model = readModel(writeModel(modelOf(graph)));

  const engine = await createEngine();
  const machine = resolveMachine('textbook-single');
  const compiled = await compileModel(model, { machine, engine });

  const feeds = new Map<string, Tensor>([['x', tensorOf('float32', [2, 3], [1, 2, 3, -1, -2, -3])]]);
  const { outputs, result, check } = await runAndCheck(compiled, { engine, feeds });

  const report = runReport({
    name: 'example',
    program: compiled.program,
    result,
    fidelity: 'data',
    check,
  });
  return { answer: [...tensorNumbers(outputs.get('y')!)], cycles: result.cycles, text: reportText(report) };
}

if (import.meta.main) {
  const { answer, text } = await runNetwork();
  console.log(`y = ${answer.join(', ')}\n\n${text}`);
}
