/** What a space file names: a machine, and networks. Files are looked for beside the space file. */
import { dirname, isAbsolute, join } from 'node:path';
import { type ModelBytes, type ModelReference, parseSpace, type Space, sha256, spaceOf } from '#explore';
import { splitChanges } from '#machine';
import { models } from '#models';
import { writeModel } from '#onnx';
import type { Console } from '../console.ts';
import { readText } from '../files.ts';
import { isMachineFile, loadMachine } from '../machine.ts';
import { inModel, loadModel, originOf } from '../model.ts';

const SPACE_FILE = { en: 'a space file (YAML)', zh: '空间文件（YAML）' };

export interface LoadedSpace {
  readonly space: Space;
  /** Bytes of the ONNX files that the space names, by their hash. */
  readonly bytes: ModelBytes;
}

/** @throws SYS-EXPLORE-010 to 028 and what reading machine and networks throws */
export async function loadSpace(path: string, console: Console): Promise<LoadedSpace> {
  const file = parseSpace(readText(path, SPACE_FILE), path);
  const folder = dirname(path);
  const beside = (name: string): string => (isAbsolute(name) ? name : join(folder, name));
  const known = new Map<string, Uint8Array>();
  const space = await spaceOf(file, {
    machine: (name) => loadMachine(isMachineFile(splitChanges(name).name) ? beside(name) : name, 'machine: ./my.json'),
    model: async (name): Promise<ModelReference> => {
      if (models.has(name)) return { network: name };
      const at = originOf(name) === 'embedded' ? name : beside(name);
      const { model } = await inModel(at, () => loadModel(at, console, 'none'));
      const bytes = writeModel(model);
      const hash = await sha256(bytes);
      known.set(hash, bytes);
      return { file: name, sha256: hash };
    },
  });
  return {
    space,
    bytes: async (hash) => {
      const bytes = known.get(hash);
      if (bytes === undefined) throw new Error(`no network with hash ${hash}`);
      return bytes;
    },
  };
}
