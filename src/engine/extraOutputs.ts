/**
 * Makes inner values outputs of an ONNX file without reading it. Protocol buffers merge a message field that occurs
 * twice, so appending `ModelProto { graph { output { name } } }` adds outputs to the graph that is already there
 * (Protocol Buffers, "Encoding", section "Last One Wins"; field numbers from onnx.proto3: ModelProto.graph = 7,
 * GraphProto.output = 12, ValueInfoProto.name = 1). ONNX Runtime infers the type that is not stated.
 */
const LENGTH_DELIMITED = 2;

export function appendOutputs(model: Uint8Array, names: readonly string[]): Uint8Array {
  if (names.length === 0) return model;
  const outputs = names.map((name) => field(12, field(1, new TextEncoder().encode(name))));
  return concat([model, field(7, concat(outputs))]);
}

function field(number: number, content: Uint8Array): Uint8Array {
  return concat([
    Uint8Array.from(varint((number << 3) | LENGTH_DELIMITED)),
    Uint8Array.from(varint(content.length)),
    content,
  ]);
}

function varint(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.push((rest % 0x80) | 0x80);
  out.push(rest);
  return out;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}
