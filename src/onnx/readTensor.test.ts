/** Every encoding of a tensor says the same numbers; what does not fit is refused with a code that names the tensor. */
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { SystoleError } from '#base';
import { DATA_TYPES, type DataType, type Tensor, tensorIntegers, tensorNumbers } from '#ir';
import { ExternalFiles, type ExternalReader } from './external.ts';
import { SparseTensorProtoSchema, TensorProtoSchema } from './onnx_pb.ts';
import { densify, sparseFromProto, tensorFromProto } from './readTensor.ts';
import { readTensor, readValue, writeTensor } from './values.ts';

type Init = MessageInitShape<typeof TensorProtoSchema>;

const number = (dtype: DataType): number => DATA_TYPES.indexOf(dtype) + 1;
const context = (external?: ExternalReader) => ({
  name: 'w',
  place: { file: 'net.onnx' },
  external: new ExternalFiles(external),
});
const read = (init: Init, external?: ExternalReader): Tensor =>
  tensorFromProto(create(TensorProtoSchema, init), context(external));

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (!(error instanceof SystoleError)) throw error;
    expect(error.message).toContain("'w");
    expect(error.text('zh')).toMatch(/[\u4e00-\u9fff]/);
    expect(error.place.file).toBe('net.onnx');
    return error.code;
  }
  return 'passed';
}

describe('encodings', () => {
  const cases: [DataType, Init, readonly number[]][] = [
    ['float32', { floatData: [1.5, -2] }, [1.5, -2]],
    ['float64', { doubleData: [0.1, 1e300] }, [0.1, 1e300]],
    ['int64', { int64Data: [-5n, 7n] }, [-5, 7]],
    ['uint64', { uint64Data: [5n, 7n] }, [5, 7]],
    ['uint32', { uint64Data: [5n, 0xffffffffn] }, [5, 0xffffffff]],
    ['int32', { int32Data: [-5, 7] }, [-5, 7]],
    ['int16', { int32Data: [-32768, 65535] }, [-32768, -1]],
    ['uint16', { int32Data: [0, 65535] }, [0, 65535]],
    ['int8', { int32Data: [-128, 255] }, [-128, -1]],
    ['uint8', { int32Data: [0, 255] }, [0, 255]],
    ['bool', { int32Data: [1, 0] }, [1, 0]],
    ['float16', { int32Data: [0x3c00, 0xc000] }, [1, -2]],
    ['bfloat16', { int32Data: [0x3f80, 0xc000] }, [1, -2]],
    ['int4', { int32Data: [0x8f] }, [-1, -8]],
    ['uint4', { int32Data: [0x8f] }, [15, 8]],
  ];
  test.each(cases)('%s in its typed field and raw', (dtype, init, expected) => {
    const typed = read({ ...init, dims: [2n], dataType: number(dtype) });
    expect([...tensorNumbers(typed)]).toEqual(expected);
    if (!('bytes' in typed)) throw new Error('expected bytes');
    const raw = read({ dims: [2n], dataType: number(dtype), rawData: typed.bytes });
    expect(raw).toEqual(typed);
    expect(readTensor(writeTensor(typed, 'w'))).toEqual(typed);
  });

  test('int64 keeps every bit', () => {
    const t = read({ dims: [1n], dataType: number('int64'), int64Data: [2n ** 63n - 1n] });
    expect(tensorIntegers(t)).toEqual([2n ** 63n - 1n]);
  });

  test('complex numbers are pairs, two-bit types are packed', () => {
    const complex = read({ dims: [1n], dataType: number('complex64'), floatData: [1, 2] });
    expect('bytes' in complex && complex.bytes.length).toBe(8);
    const packed = read({ dims: [5n], dataType: number('uint2'), int32Data: [0xe4, 0x03] });
    expect(packed).toEqual({ dtype: 'uint2', dims: [5], bytes: Uint8Array.of(0xe4, 0x03) });
  });

  test('strings hold any bytes', () => {
    const stringData = [Uint8Array.of(0xe6, 0x97, 0xa5), Uint8Array.of(0x61, 0xff), new Uint8Array(0)];
    const t = read({ dims: [3n], dataType: number('string'), stringData });
    expect(t).toEqual({ dtype: 'string', dims: [3], strings: ['日', 'a\udcff', ''] });
    expect(readTensor(writeTensor(t))).toEqual(t);
  });

  test('a scalar, an empty tensor, and raw data set to nothing beside typed data', () => {
    expect(read({ dataType: number('float32'), floatData: [3] })).toMatchObject({ dims: [] });
    expect(read({ dims: [0n, 3n], dataType: number('float32') })).toMatchObject({ dims: [0, 3] });
    const t = read({ dims: [1n], dataType: number('float32'), floatData: [3], rawData: new Uint8Array(0) });
    expect([...tensorNumbers(t)]).toEqual([3]);
  });

  test('raw data is not copied', () => {
    const file = toBinary(
      TensorProtoSchema,
      create(TensorProtoSchema, { dims: [4n], dataType: number('uint8'), rawData: Uint8Array.of(1, 2, 3, 4) }),
    );
    const t = readTensor(file);
    expect('bytes' in t && t.bytes.buffer).toBe(file.buffer);
  });

  test("what comes from Node's Buffer are plain arrays", () => {
    const t = readTensor(Buffer.from(writeTensor({ dtype: 'uint8', dims: [1], bytes: Uint8Array.of(1) })));
    expect('bytes' in t && Object.getPrototypeOf(t.bytes)).toBe(Uint8Array.prototype);
  });
});

describe('refused', () => {
  const f32 = number('float32');
  const cases: [string, string, Init][] = [
    ['no element type', 'SYS-ONNX-010', { dims: [1n] }],
    ['an element type of the future', 'SYS-ONNX-010', { dims: [1n], dataType: 99 }],
    ['a negative dimension', 'SYS-ONNX-011', { dims: [-1n], dataType: f32 }],
    ['a dimension beyond numbers', 'SYS-ONNX-011', { dims: [2n ** 62n], dataType: f32 }],
    ['too few raw bytes', 'SYS-ONNX-012', { dims: [2n], dataType: f32, rawData: new Uint8Array(7) }],
    ['too many raw bytes', 'SYS-ONNX-012', { dims: [2n], dataType: f32, rawData: new Uint8Array(9) }],
    ['a shape that lies', 'SYS-ONNX-012', { dims: [2n ** 40n], dataType: f32, rawData: new Uint8Array(8) }],
    ['a typed shape that lies', 'SYS-ONNX-012', { dims: [2n ** 40n], dataType: f32, floatData: [1] }],
    ['shapes whose product overflows', 'SYS-ONNX-012', { dims: [2n ** 52n, 2n ** 52n], dataType: f32, floatData: [1] }],
    ['data in the wrong field', 'SYS-ONNX-012', { dims: [2n], dataType: f32, doubleData: [1, 2] }],
    ['too few strings', 'SYS-ONNX-012', { dims: [2n], dataType: number('string'), stringData: [] }],
    ['segments', 'SYS-ONNX-013', { dims: [1n], dataType: f32, floatData: [1], segment: { begin: 0n, end: 1n } }],
    ['a uint8 of 256', 'SYS-ONNX-014', { dims: [1n], dataType: number('uint8'), int32Data: [256] }],
    ['a uint32 beyond 32 bits', 'SYS-ONNX-014', { dims: [1n], dataType: number('uint32'), uint64Data: [2n ** 32n] }],
  ];
  test.each(cases)('%s: %s', (_, code, init) => expect(codeOf(() => read(init))).toBe(code));

  test.each([
    ['no bytes', new Uint8Array(0), 'SYS-ONNX-050'],
    ['cut off', writeTensor({ dtype: 'uint8', dims: [4], bytes: new Uint8Array(4) }).subarray(0, 9), 'SYS-ONNX-050'],
    ['text', new TextEncoder().encode('1 2 3\n'), 'SYS-ONNX-050'],
  ])('a .pb file: %s', (_, bytes, code) => {
    expect(() => readTensor(bytes, 'input_0.pb')).toThrow(expect.objectContaining({ code }));
  });
});

describe('external data', () => {
  const external = (location: string, more: Record<string, string> = {}): Init => ({
    dims: [2n],
    dataType: number('uint16'),
    dataLocation: 1,
    externalData: Object.entries({ location, ...more }).map(([key, value]) => ({ key, value })),
  });
  const file = Uint8Array.of(9, 9, 1, 0, 2, 0, 9);

  test('bytes of another file, opened once, not copied', () => {
    const opened: string[] = [];
    const files = new ExternalFiles((location) => {
      opened.push(location);
      return file;
    });
    const one = create(TensorProtoSchema, external('./data/w.bin', { offset: '2', length: '4' }));
    const two = create(TensorProtoSchema, external('data\\sub\\..\\w.bin', { offset: '2' }));
    for (const proto of [one, two]) {
      const t = tensorFromProto(proto, { ...context(), external: files });
      expect([...tensorNumbers(t)]).toEqual([1, 2]);
      expect('bytes' in t && t.bytes.buffer).toBe(file.buffer);
    }
    expect(opened).toEqual(['data/w.bin']);
  });

  test.each([
    ['/etc/passwd'],
    ['\\\\server\\share'],
    ['C:\\data.bin'],
    ['c:data.bin'],
    ['../w.bin'],
    ['a/../../w.bin'],
    ['a\\..\\..\\w.bin'],
    ['w.bin\0.png'],
  ])('outside the folder: %j', (location) => {
    let asked = false;
    const reader = () => {
      asked = true;
      return file;
    };
    expect(codeOf(() => read(external(location), reader))).toBe('SYS-ONNX-020');
    expect(asked).toBe(false);
  });

  const cases: [string, string, Init, ExternalReader | undefined][] = [
    ['no such file', 'SYS-ONNX-021', external('w.bin'), () => undefined],
    [
      'a reader that fails',
      'SYS-ONNX-021',
      external('w.bin'),
      () => {
        throw new Error('EACCES');
      },
    ],
    ['past the end', 'SYS-ONNX-022', external('w.bin', { offset: '4' }), () => file],
    ['far past the end', 'SYS-ONNX-022', external('w.bin', { offset: '9007199254740000' }), () => file],
    ['a length that is not the shape', 'SYS-ONNX-012', external('w.bin', { length: '3' }), () => file],
    ['an offset that is no number', 'SYS-ONNX-023', external('w.bin', { offset: '-1' }), () => file],
    ['no location', 'SYS-ONNX-023', external(''), () => file],
    ['nobody to open files', 'SYS-ONNX-024', external('w.bin'), undefined],
  ];
  test.each(cases)('%s: %s', (_, code, init, reader) => expect(codeOf(() => read(init, reader))).toBe(code));
});

describe('sparse tensors', () => {
  const values = { dims: [2n], dataType: number('float32'), floatData: [5, 7], name: 'w' };
  const indices = (dims: bigint[], int64Data: bigint[]): Init => ({ dims, dataType: number('int64'), int64Data });
  const sparse = (init: MessageInitShape<typeof SparseTensorProtoSchema>): Tensor =>
    densify(sparseFromProto(create(SparseTensorProtoSchema, init), context()), context());

  test('linear and per-axis indices', () => {
    const linear = sparse({ dims: [2n, 3n], values, indices: indices([2n], [1n, 5n]) });
    expect([...tensorNumbers(linear)]).toEqual([0, 5, 0, 0, 0, 7]);
    expect(sparse({ dims: [2n, 3n], values, indices: indices([2n, 2n], [0n, 1n, 1n, 2n]) })).toEqual(linear);
  });

  test('no values at all', () => {
    const none = sparse({ dims: [2n], values: { ...values, dims: [0n], floatData: [] } });
    expect([...tensorNumbers(none)]).toEqual([0, 0]);
  });

  test.each([
    ['an index outside', 'SYS-ONNX-015', { dims: [2n, 3n], values, indices: indices([2n], [1n, 6n]) }],
    [
      'an index outside its axis',
      'SYS-ONNX-015',
      { dims: [2n, 3n], values, indices: indices([2n, 2n], [0n, 3n, 0n, 0n]) },
    ],
    ['indices of another count', 'SYS-ONNX-015', { dims: [6n], values, indices: indices([3n], [1n, 2n, 3n]) }],
    ['no indices', 'SYS-ONNX-015', { dims: [6n], values }],
    ['no values', 'SYS-ONNX-015', { dims: [6n], indices: indices([2n], [1n, 2n]) }],
    ['a dense form of terabytes', 'SYS-ONNX-016', { dims: [2n ** 40n], values, indices: indices([2n], [1n, 2n]) }],
  ])('%s: %s', (_, code, init) => expect(codeOf(() => sparse(init))).toBe(code));
});

describe('values that are no tensors', () => {
  test('the type of the input tells how to read them', () => {
    // A SequenceProto of one tensor: elem_type 1 (tensor), then the tensor.
    const inner = writeTensor({ dtype: 'uint8', dims: [1], bytes: Uint8Array.of(7) });
    const sequence = Uint8Array.of(0x10, 1, 0x1a, inner.length, ...inner);
    const value = readValue(sequence, { kind: 'sequence', element: undefined });
    expect(value).toMatchObject({ kind: 'sequence', items: [{ kind: 'tensor', tensor: { dims: [1] } }] });
    expect(readValue(new Uint8Array(0), { kind: 'optional', element: undefined })).toEqual({
      kind: 'optional',
      value: undefined,
    });
  });
});
