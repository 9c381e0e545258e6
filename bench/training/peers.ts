/**
 * Steps a second against the two other frameworks in JavaScript. They are no dependencies of the project: `--peers DIR` names a folder
 * in whose node_modules they lie. Same weights, same batch; the loss after 20 steps must agree to 1e-3, so that the same is measured.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { type Jax, jaxTraining, type PeerTraining } from './jax.ts';
import { type Contender, compare, judge, timed } from './measure.ts';
import { ourTraining, type Start, SUBJECTS, type Subject } from './subjects.ts';
import { openTfjs, type Tf, tfjsTraining } from './tfjs.ts';

const FIRST = 20;
const TOLERANCE = 1e-3;
/** A round lasts about so many milliseconds, by the slower of the two. */
const ROUND = 1500;

interface Peer {
  readonly name: string;
  /** How many times faster we are to be, by subject. */
  readonly bars: Readonly<Record<string, number>>;
  make(subject: string, start: Start): Promise<PeerTraining>;
}

export default async function peers(folder: string | undefined): Promise<void> {
  const install =
    'npm install --prefix DIR @jax-js/jax @tensorflow/tfjs-core @tensorflow/tfjs-layers ' +
    '@tensorflow/tfjs-backend-wasm';
  if (folder === undefined) {
    console.log(`skipped: --peers DIR names a folder with the peers (${install}).`);
    return;
  }
  for (const peer of await openPeers(resolve(folder), install)) {
    for (const subject of SUBJECTS) {
      try {
        await against(peer, subject);
      } catch (error) {
        console.log(`       ${subject.name} in ${peer.name} fails: ${error instanceof Error ? error.message : error}`);
      }
    }
  }
}

async function openPeers(folder: string, install: string): Promise<readonly Peer[]> {
  const require = createRequire(join(folder, 'package.json'));
  const has = (name: string): boolean =>
    existsSync(join(folder, 'node_modules', name)) ||
    console.log(`skipped: no ${name} in ${folder}/node_modules (${install})`) === null;
  const open: Peer[] = [];
  if (has('@jax-js/jax')) {
    const jax = require('@jax-js/jax') as Jax;
    open.push({
      name: 'jax-js',
      bars: { MLP: 4, 'LeNet-5': 30 },
      make: (subject, start) => jaxTraining(jax, subject, start),
    });
  }
  if (['core', 'layers', 'backend-wasm'].every((part) => has(`@tensorflow/tfjs-${part}`))) {
    const tf = require('@tensorflow/tfjs-core') as Tf;
    // Its import registers the gradients of all kernels.
    require('@tensorflow/tfjs-layers');
    const wasm = require('@tensorflow/tfjs-backend-wasm');
    await openTfjs(tf, wasm, require.resolve('@tensorflow/tfjs-backend-wasm'));
    open.push({
      name: 'tfjs-wasm',
      bars: { MLP: 40 },
      make: async (subject, start) => tfjsTraining(tf, subject, start),
    });
  }
  return open;
}

async function against(peer: Peer, subject: Subject): Promise<void> {
  const ours = await ourTraining(subject);
  const theirs = await peer.make(subject.name, ours.start);
  await ours.run(FIRST);
  await theirs.run(FIRST);
  const off = Math.abs(ours.loss() - theirs.loss());
  console.log(
    `       ${subject.name}: loss after ${FIRST} steps ${ours.loss().toFixed(5)}, in ${peer.name} ${theirs.loss().toFixed(5)}` +
      `${off <= TOLERANCE ? '' : ': DIFFERENT, so the ratio below means nothing'}`,
  );
  const paced = async (run: Contender['run'], probe: number): Promise<Contender> => {
    const { wall } = await timed({ steps: probe, run });
    return { run, steps: Math.max(1, Math.min(500, Math.round(ROUND / wall))) };
  };
  const slow = await paced(theirs.run, 2);
  const { ours: mine, theirs: other, speedup, range } = await compare(await paced(ours.run, 20), slow, 5);
  console.log(
    `       ${subject.name}: ours ${(1e3 / mine.wall).toFixed(0)} steps/s, ${peer.name} ${(1e3 / other.wall).toFixed(1)}; ` +
      `rounds ${range[0].toFixed(1)} … ${range[1].toFixed(1)}; by processor time ${speedup.cpu.toFixed(1)}`,
  );
  const bar = peer.bars[subject.name];
  judge(
    `${subject.name}: times ${peer.name}`,
    speedup.wall,
    bar === undefined ? { unit: '×' } : { least: bar, unit: '×' },
  );
}
