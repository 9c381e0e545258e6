/** A folder full of files that are wrong in one way each, made anew for the run: what the command line must answer to. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import sharp from 'sharp';
import { Random } from '#base';
import { writeNpy } from '#data';
import { adderModel, bindSizes } from '#flow';
import { tensorBytes, tensorOf } from '#ir';
import { assembleProgram, writeProgram } from '#isa';
import { presets } from '#machine';
import { writeModel } from '#onnx';
import { ModelProtoSchema, StringStringEntryProtoSchema, TensorProtoSchema } from '../../src/onnx/onnx_pb.ts';

/** Fills a folder `work` inside `root`, and a file beside it that nothing in `work` may reach. */
export async function writeFixtures(root: string): Promise<string> {
  const folder = join(root, 'work');
  mkdirSync(folder);
  const put = (name: string, content: string | Uint8Array): void => writeFileSync(join(folder, name), content);

  const fixed = writeModel(bindSizes(adderModel(), { batch: 1 }).model);
  put('adder1.onnx', fixed);
  put('adderN.onnx', writeModel(adderModel()));
  put('cut.onnx', fixed.subarray(0, 700));
  const random = new Random(11);
  put(
    'random.onnx',
    Uint8Array.from({ length: 2000 }, () => random.integer(0, 255)),
  );
  put('empty.onnx', '');
  put('text.onnx', 'hello, this is a text\n');
  put('net.cfg', '[net]\nwidth=8\nheight=8\nchannels=3\n\n[convolutional]\nfilters=4\nsize=3\n');
  put('pointer.onnx', 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1000\n');
  put('tensor.onnx', tensorProto(fixed));

  writeFileSync(join(root, 'secret.bin'), new Uint8Array(4096));
  put('short.bin', new Uint8Array(16));
  symlinkSync(join(root, 'secret.bin'), join(folder, 'link.bin'));
  symlinkSync('nowhere', join(folder, 'dangling'));
  for (const [name, location] of [
    ['missing', 'weights.bin'],
    ['outside', '../secret.bin'],
    ['absolute', '/etc/hostname'],
    ['linked', 'link.bin'],
    ['short', 'short.bin'],
  ] as const) {
    put(`external-${name}.onnx`, withExternal(fixed, location));
  }

  const graph = (body: string): string => `model ir=8 producer="test" opset {"": 17}\ngraph g${body}\n`;
  put(
    'mismatch.txt',
    graph('(x: float32[2,3], y: float32[4,5]) -> (z: float32[2,5]) {\n  z = MatMul(x, y) @product\n}'),
  );
  put('syntax.txt', graph('(x: float32[2,3]) -> (z: float32[2,3]) {\n  z = Relu(x @relu\n}'));
  put('undefined.txt', graph('(x: float32[2,3]) -> (z: float32[2,3]) {\n  z = Add(x, w) @add\n}'));
  put('huge.txt', graph('(x: float32[70000,20000]) -> (z: float32[70000,20000]) {\n  z = Relu(x) @relu\n}'));
  put('strings.txt', graph('(x: string[2]) -> (z: string[2]) {\n  z = Identity(x) @same\n}'));
  put('foreign.txt', graph('(x: float32[2,3]) -> (z: float32[2,3]) {\n  z = Nonsense(x) @foreign\n}'));
  put(
    'shapeless.txt',
    graph('(x: float32[2,3]) -> (z: float32[2,3]) {\n  y = Nonsense(x) @foreign\n  z = Relu(y) @relu\n}'),
  );
  put('far.txt', graph('(x: float32[2,3], i: int64[2]) -> (z: float32[2,3]) {\n  z = Gather(x, i) @pick\n}'));
  put('far.npy', writeNpy({ dtype: 'int64', dims: [2], bytes: new Uint8Array(new BigInt64Array([0n, 9n]).buffer) }));
  put('picture.txt', graph('(x: float32[1,3,8,8]) -> (z: float32[1,3,8,8]) {\n  z = Relu(x) @relu\n}'));

  const npy = (
    name: string,
    dims: readonly number[],
    values: readonly number[],
    dtype: 'float32' | 'float64' = 'float32',
  ) => put(name, writeNpy({ dtype, dims, bytes: tensorBytes(tensorOf(dtype, dims, values)) }));
  npy('shape.npy', [2, 4], new Array(8).fill(0));
  npy('batch.npy', [2, 9], new Array(18).fill(0));
  npy('zero.npy', [0, 9], []);
  npy('double.npy', [1, 9], new Array(9).fill(0), 'float64');
  npy('nan.npy', [1, 9], [0, 1, 0, Number.NaN, 0, 0, Number.POSITIVE_INFINITY, 0, 0]);
  put('cut.npy', writeNpy({ dtype: 'float32', dims: [1, 9], bytes: new Uint8Array(36) }).subarray(0, 140));
  put('text.png', 'not a picture\n');
  const png = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#336699' } })
    .png()
    .toBuffer();
  put('good.png', png);
  put('cut.png', png.subarray(0, png.length - 40));
  put('three.labels', 'cat\ndog\nhare\n');

  const machine = JSON.stringify(presets.get('textbook-single'), undefined, 2);
  put('key.json', machine.replace('"queueDepth"', '"queueDeph"'));
  put('unit.json', machine.replace('"bytes": 131072', '"bytes": "128KB"'));
  put('small.json', machine.replace('"bytes": 131072', '"bytes": 64'));
  put('syntax.json', machine.replace('"control": {', '"control": '));

  put('errors.s', ASSEMBLY_ERRORS);
  put('deadlock.s', '.node "copy"\n  li r1, 64\n  wait vector, 3\n  halt\n');
  put(
    'outside.s',
    '.dram 4096\n.node "copy"\n  li r1, 0x20000\n  cfg.dimi R0, 0, 16, 4\n  load nram, r1, r0, R0, R0, f32\n  halt\n',
  );
  put('unwritten.s', '.node "read"\n  cfg.dimi R0, 0, 16, 4\n  vec.mov r0, r0, r0, R0, R0, R0, f32\n  halt\n');
  put('race.s', RACE);
  put('endless.s', 'again:\n  jmp again\n  halt\n');

  const program = assembleProgram('.dram 4096\n  li r1, 5\n  halt\n', { file: 'tiny.s' });
  const dlp = writeProgram(program);
  put('tiny.dlp', dlp);
  put('cut.dlp', dlp.subarray(0, 100));
  const damaged = dlp.slice();
  damaged[64]! ^= 1;
  put('damaged.dlp', damaged);
  return folder;
}

const ASSEMBLY_ERRORS = `# One mistake on each line.
  loda nram, r1, r0, R0, R0, f32
  add r1, r2
  add r1, r2, R3
  li r64, 1
  shl r1, r2, r3, 4
  cfg.dimi R0, 0, 2000000, 4
  jmp nowhere
  wait vektor, 3
  load nram, r1, r0, R0, R0, f33
  li r1, 5 @ 3
  endloop
.inptu "x", 0, float32[4]
  loopi 4
`;

/** The store may read NRAM while the second load writes it: nothing orders them. */
const RACE = `.dram 4096
.fill 0, 2048, f32 1
.node "tile"
  cfg.dimi R0, 0, 16, 4
  li r1, 2048
  load nram, r0, r0, R0, R0, f32
  signal load, 0
  wait vector, 0
  vec.mov r0, r0, r0, R0, R0, R0, f32
  load nram, r0, r0, R0, R0, f32
  halt
`;

/** The model with its first initialiser stored elsewhere. */
function withExternal(bytes: Uint8Array, location: string): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  const tensor = model.graph!.initializer[0]!;
  const entry = (key: string, value: string) => create(StringStringEntryProtoSchema, { key, value });
  tensor.dataLocation = 1;
  tensor.externalData = [entry('location', location)];
  tensor.rawData = new Uint8Array();
  return toBinary(ModelProtoSchema, model);
}

function tensorProto(model: Uint8Array): Uint8Array {
  const tensor = fromBinary(ModelProtoSchema, model).graph!.initializer[0]!;
  return toBinary(TensorProtoSchema, tensor);
}
