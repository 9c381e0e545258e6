/** The SharedRAM of a cluster: its bytes, and one chunk of them for what transfers in chunks. */
import type { DramChunk } from './dram.ts';
import type { FarMemory } from './entries.ts';

export class SharedMemory implements FarMemory {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #chunk: DramChunk;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.#chunk = { bytes: this.bytes, from: 0, to: size };
  }

  forReading(): DramChunk {
    return this.#chunk;
  }

  forWriting(): DramChunk {
    return this.#chunk;
  }

  read(address: number, into: Uint8Array, at: number, count: number): void {
    into.set(this.bytes.subarray(address, address + count), at);
  }

  write(address: number, from: Uint8Array, at: number, count: number): void {
    this.bytes.set(from.subarray(at, at + count), address);
  }
}
