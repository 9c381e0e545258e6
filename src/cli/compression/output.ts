/** `-o FILE`: where the compressed model goes. */
import type { Model } from '#ir';
import { writeModel } from '#onnx';
import type { CliCommand } from '../command.ts';
import type { Console } from '../console.ts';
import { writeFile } from '../files.ts';
import { collect } from '../values.ts';

export function withOutputOption(console: Console, command: CliCommand): CliCommand {
  return command.requiredOption(
    '-o, --output <FILE.onnx>',
    console.text({ en: 'where the model is written', zh: '模型的写入位置' }),
  ) as CliCommand;
}

export function withExcludeOption(console: Console, command: CliCommand): CliCommand {
  return command.option(
    '--exclude <NODE>',
    console.text({ en: 'leave this node as it is; repeatable', zh: '保持该节点不变；可重复' }),
    collect,
  ) as CliCommand;
}

/** Writes the file aside and in its place when it is whole. */
export function writeCompressed(path: string, model: Model): Uint8Array {
  const bytes = writeModel(model);
  writeFile(path, [bytes]);
  return bytes;
}
