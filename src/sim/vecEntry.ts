/**
 * Dispatch of `vec`: which functions, types and flags go together, and which types the machine has lanes for. What is refused
 * here neither model executes.
 */
import { diagnostic, type Place } from '#base';
import {
  ACCUMULATIONS,
  B_MODES,
  BINARY_FUNCTIONS,
  ELEMENT_TYPES,
  type ElementType,
  FUNCTION_TYPES,
  isFloatType,
  resultType,
  SCALING_FUNCTIONS,
  SELECTING_FUNCTIONS,
  VECTOR_FUNCTIONS,
} from '#isa';
import { type Machine, vectorLanes, vectorTypes } from '#machine';
import type { Decoded } from './decoded.ts';
import type { DispatchState } from './dispatch.ts';
import type { VecEntry } from './entries.ts';

const noSecondOperand = diagnostic<{ function: string }>('SYS-SIM-016', 'invalid', {
  en: (p) => `'vec.${p.function}' has no second operand: say where B comes from with 'record' or 'scalar'.`,
  zh: (p) => `“vec.${p.function}”缺少第二操作数：请用 record 或 scalar 说明 B 的来源。`,
});

const noLanes = diagnostic<{ type: string; machine: string; known: readonly string[] }>('SYS-SIM-110', 'unsupported', {
  en: (p) =>
    `the vector unit of '${p.machine}' has no lanes for ${p.type}: it computes ${p.known.join(', ')}. Convert where the data come ` +
    `from, or give the machine file lanes for ${p.type} under vector.types (i64 is only moved, never computed).`,
  zh: (p) =>
    `机器“${p.machine}”的向量单元没有 ${p.type} 通道：可计算的类型为 ${p.known.join('、')}。请在数据来源处转换，` +
    `或在机器文件的 vector.types 中给出 ${p.type} 的通道数（i64 只能搬运，不能计算）。`,
});

const WORDS = {
  floats: { en: 'f32, f16 or bf16', zh: ' f32、f16 或 bf16' },
  integers: { en: 'i8, u8, i16 or i32', zh: ' i8、u8、i16 或 i32' },
};

const wrongType = diagnostic<{
  function: string;
  side: 'operands' | 'result';
  type: string;
  expected: { readonly en: string; readonly zh: string };
}>('SYS-SIM-111', 'invalid', {
  en: (p) =>
    `'vec.${p.function}' is not defined for ${p.side === 'operands' ? 'operands' : 'a result'} of type ${p.type}: expected ` +
    `${p.expected.en}. ${p.side === 'operands' ? 'Convert them first (mov … to TYPE).' : "Say the type of the result with 'to'."}`,
  zh: (p) =>
    `“vec.${p.function}”的${p.side === 'operands' ? '操作数' : '结果'}不能是 ${p.type} 类型：应为${p.expected.zh}。` +
    `${p.side === 'operands' ? '请先转换（mov … to 类型）。' : '请用 to 指明结果类型。'}`,
});

const nothingToSaturate = diagnostic<{ type: string; result: string }>('SYS-SIM-112', 'invalid', {
  en: (p) =>
    `'sat' with operands of ${p.type} and results of ${p.result}: no integer arises that could be saturated, and floats go to ` +
    "infinity. Leave 'sat' out, or bound the values with 'max' and 'min'.",
  zh: (p) =>
    `操作数为 ${p.type}、结果为 ${p.result} 时使用了 sat：其中没有可饱和的整数，浮点数溢出为无穷。请去掉 sat，或用 max 与 min 限幅。`,
});

const selectsAlone = diagnostic<{ function: string; option: string }>('SYS-SIM-113', 'invalid', {
  en: (p) =>
    `'vec.${p.function}' already decides between B and what C holds and cannot take '${p.option}' as well. Select into a place of ` +
    'its own, and accumulate that with mov.',
  zh: (p) =>
    `“vec.${p.function}”已在 B 与 C 的原值之间选择，不能再带“${p.option}”。请先选择到单独的位置，再用 mov 累加。`,
});

/**
 * @throws SYS-SIM-016 a function of two operands with one; SYS-SIM-110 a type without lanes; SYS-SIM-111 a type for which the
 * function is not defined; SYS-SIM-112 and -113 options that do not go with it
 */
export function makeVecEntry(i: Decoded, pc: number, state: DispatchState, machine: Machine, place: Place): VecEntry {
  const address = (register: number): number => state.registers[register]! >>> 0;
  const name = VECTOR_FUNCTIONS[i.function]!;
  const type = ELEMENT_TYPES[i.type]!;
  const entry: VecEntry = {
    kind: 'vec',
    pc,
    function: name,
    type,
    result: resultType(i.result, type),
    saturate: i.saturate === 1,
    zero: SCALING_FUNCTIONS.has(name) ? state.zero : 0,
    a: address(i.ra),
    b: address(i.rb),
    c: address(i.rd),
    aRecord: state.records.snapshot(i.a),
    bRecord: state.records.snapshot(i.b),
    cRecord: state.records.snapshot(i.c),
    bMode: B_MODES[i.bMode]!,
    accumulate: ACCUMULATIONS[i.accumulate]!,
    init: i.init === 1,
  };
  check(entry, machine, place);
  return entry;
}

function check(entry: VecEntry, machine: Machine, place: Place): void {
  const { function: name, type, result } = entry;
  checkLanes(type, machine, place);
  if (result !== type) checkLanes(result, machine, place);
  const { operands, result: results } = FUNCTION_TYPES.get(name)!;
  if (operands !== 'any' && isFloatType(type) !== (operands === 'floats')) {
    throw wrongType({ function: name, side: 'operands', type, expected: WORDS[operands] }, place);
  }
  if (results !== 'any' && isFloatType(result) !== (results === 'floats')) {
    throw wrongType({ function: name, side: 'result', type: result, expected: WORDS[results] }, place);
  }
  if (entry.bMode === 'none' && BINARY_FUNCTIONS.has(name)) throw noSecondOperand({ function: name }, place);
  if (entry.saturate && isFloatType(type) && isFloatType(result)) throw nothingToSaturate({ type, result }, place);
  if (SELECTING_FUNCTIONS.has(name) && (entry.accumulate !== 'none' || entry.init)) {
    const option = entry.accumulate === 'none' ? 'init' : entry.accumulate;
    throw selectsAlone({ function: name, option }, place);
  }
}

function checkLanes(type: ElementType, { name: machine, vector }: Machine, place: Place): void {
  if (vectorLanes(vector, type) !== undefined) return;
  throw noLanes({ type, machine, known: vectorTypes(vector) }, place);
}
