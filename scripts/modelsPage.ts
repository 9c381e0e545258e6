/** `docs/models.md`: the networks of `#models` with their counts, each built, exported and counted as `systole summary` counts. */
import { buildModel, models } from '#models';
import { pipeline, runPasses } from '#passes';
import { SUMMARY_PASSES, type Summary, summarize } from '#report';

const steps = pipeline.filter(({ pass }) => SUMMARY_PASSES.has(pass.name));
const digits = new Intl.NumberFormat('en-US');

async function counted(name: string): Promise<Summary> {
  const model = await buildModel(name, { weights: false });
  return summarize((await runPasses(model, { dims: { N: 1 }, steps })).model, name);
}

/** Summaries of one sample by name. */
export async function countedNetworks(names: readonly string[]): Promise<ReadonlyMap<string, Summary>> {
  const summaries = new Map<string, Summary>();
  for (const name of names) summaries.set(name, await counted(name));
  return summaries;
}

async function row(name: string, does: string): Promise<string> {
  const { totals, inputs } = await counted(name);
  const { parameters, neurons, macs, multiplications, additions } = totals;
  const amounts = [parameters, neurons, macs, multiplications, additions].map((n) => digits.format(n));
  const given = inputs.map((v) => `${v.name} ${(v.shape ?? []).slice(1).join(' × ')}`).join(', ');
  return `| \`${name}\` | ${does} | ${given} | ${amounts.join(' | ')} |`;
}

export async function modelsPage(): Promise<string> {
  const rows: string[] = [];
  for (const [name, { does }] of models) rows.push(await row(name, does.en));
  return `# Networks

Written in the tensor API (\`systole/models\`), for a batch of any size. Parameters of networks that torchvision has too are named as in its
\`state_dict\`, so that weights saved there load; weights here are random until they are trained or loaded.

\`\`\`ts
import { Generator } from 'systole/tensor';
import { buildModel, findModel, resnet18 } from 'systole/models';
import { writeModel } from 'systole/onnx';

const network = resnet18({ classes: 10, generator: new Generator(1) }); // a module: train it, load a state into it
const model = await buildModel('lenet5'); // an ONNX model of a network below
const bytes = writeModel(model); // what an .onnx file holds
\`\`\`

\`buildModel(name, { weights: false })\` leaves all weights 0: enough to count and to time, and without the memory that they take.

\`systole summary NAME\` counts them layer by layer. One sample each. Parameters are those that training changes and, of \`lenet5-1998\`, the 840 fixed elements of its codes; running statistics
of normalisation are not counted. Neurons are the outputs of convolutions and fully connected layers (matrix products within attention
too). Multiplications and additions are those of all layers; how each operator counts says [ops.md](ops.md).

| name | network | input | parameters | neurons | MACs | multiplications | additions |
|---|---|---|---:|---:|---:|---:|---:|
${rows.join('\n')}

Two towers normalise apart in \`alexnet-paper\`; \`alexnetPaper({ towers: false })\` is the network of one. \`resnet…({ strideFirst: true })\`
strides where the paper does. \`vgg11\`, \`vgg13\` and batch normalisation (\`{ batchNorm: true }\`), other widths of MobileNetV2, other
sizes of pictures of DCGAN, of \`VisionTransformer\`, \`LstmClassifier\` and \`TransformerClassifier\` are options of the builders.
`;
}
