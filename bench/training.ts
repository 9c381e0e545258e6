/**
 * Training steps against ONNX Runtime's bare session, jax-js and tfjs-wasm; eager dispatch; MNIST; memory.
 *
 *   npm run bench training -- [--peers DIR] [PART…]      parts: session, peers, eager, mnist, memory; all without one
 *
 * Method: every ratio is against a named peer in the same process, in rounds by turns, and is the median of the rounds' own ratios
 * (training/measure.ts). Before time is taken, losses after 20 steps from the same weights must agree. A part that lacks something is
 * skipped and says what. Figures by the clock want a quiet machine; the load stands in the first line.
 */
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';

type Part = () => Promise<{ default: (peers: string | undefined) => Promise<void> }>;

const PARTS: Readonly<Record<string, Part>> = {
  session: () => import('./training/session.ts'),
  peers: () => import('./training/peers.ts'),
  eager: () => import('./training/eager.ts'),
  mnist: () => import('./training/mnist.ts'),
  memory: () => import('./training/memory.ts'),
};

export default async function training(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { peers: { type: 'string' } },
  });
  const unknown = positionals.filter((name) => !Object.hasOwn(PARTS, name));
  if (unknown.length > 0) {
    console.error(`no part '${unknown.join("', '")}'; there are: ${Object.keys(PARTS).join(', ')}`);
    process.exitCode = 2;
    return;
  }
  console.log(`${availableParallelism()} cores, load ${loadavg()[0]!.toFixed(1)}`);
  for (const [name, load] of Object.entries(PARTS)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    console.log(`\n${name}`);
    const part = await load();
    await part.default(values.peers);
  }
}
