/**
 * Variable: a tensor whose value can be replaced (parameters, running statistics, optimiser state). Type and shape stay. Within
 * `compile` its value is an input of the graph, and what it is assigned an output that becomes its value after each run.
 */
import { diagnostic } from '#base';
import { type Tensor as Data, typeText } from '#ir';
import { Cell } from './cell.ts';
import { isFloat } from './dtypes.ts';
import { Tensor } from './tensor.ts';
import { currentTrace } from './trace.ts';

const wrongValue = diagnostic<{ name: string; type: string; found: string }>('SYS-TEN-006', 'invalid', {
  en: (p) => `variable '${p.name}' is ${p.type} and cannot become ${p.found}: a variable keeps its type and shape.`,
  zh: (p) => `变量“${p.name}”为 ${p.type}，不能赋值为 ${p.found}：变量的类型和形状不变。`,
});

const tracedValue = diagnostic<{ name: string }>('SYS-TEN-007', 'usage', {
  en: (p) =>
    `variable '${p.name}' is assigned a tensor of a trace that has ended or does not own it. Assign within the compiled function.`,
  zh: (p) => `变量“${p.name}”被赋予了已结束或不属于当前记录的张量。请在被编译的函数内部赋值。`,
});

export interface VariableOptions {
  readonly name?: string;
  /** Whether gradients are taken of it; true by default for floats. */
  readonly trainable?: boolean;
  /** Of weights, the axis that products sum over: 1, the inputs, unless something else is said. */
  readonly reductionAxis?: number;
}

export class Variable extends Tensor {
  /** By which graphs, checkpoints and messages call it. */
  name: string;
  #reading: Tensor | undefined;
  trainable: boolean;
  readonly reductionAxis: number;

  constructor(
    value: Data,
    { name = 'variable', trainable = isFloat(value.dtype), reductionAxis = 1 }: VariableOptions = {},
  ) {
    super({
      type: { kind: 'tensor', dtype: value.dtype, shape: value.dims },
      source: Cell.of(value),
      tracked: trainable,
    });
    this.name = name;
    this.trainable = trainable;
    this.reductionAxis = reductionAxis;
  }

  /** The value as it is now, which later assignments do not change. */
  read(): Tensor {
    const trace = currentTrace();
    if (trace !== undefined) return trace.readVariable(this);
    if (this.#reading === undefined || this.#reading.tracked !== this.trainable) {
      (this.source as Cell).share();
      this.#reading = new Tensor({ type: this.type, source: this.source, tracked: this.trainable });
      this.#reading.leaf = this;
    }
    return this.#reading;
  }

  /**
   * Replaces the value.
   * @throws SYS-TEN-006 another type or shape
   */
  assign(value: Tensor): void {
    const given = value instanceof Variable ? value.read() : value;
    const same =
      given.dataType === this.dataType &&
      given.dims.length === this.dims.length &&
      given.dims.every((d, i) => d === this.dims[i]);
    if (!same) throw wrongValue({ name: this.name, type: typeText(this.type), found: typeText(given.type) });
    const trace = currentTrace();
    if (trace !== undefined) {
      trace.assign(this, given);
      return;
    }
    if ('trace' in given.source) throw tracedValue({ name: this.name });
    this.place(given.source);
  }

  /** Puts a cell in the place of the value. */
  place(cell: Cell): void {
    this.source = cell;
    this.#reading = undefined;
  }

  /** Takes over a value of the same shape in another element type, which is the variable's from here on (`Module.to`). */
  become(value: Tensor): void {
    const { source } = value;
    if ('trace' in source) throw tracedValue({ name: this.name });
    this.type = value.type;
    this.place(source);
  }

  /** Puts data in the place of the value (a checkpoint that is loaded). */
  set(value: Data): void {
    const type = { kind: 'tensor', dtype: value.dtype, shape: value.dims } as const;
    this.assign(new Tensor({ type, source: Cell.of(value) }));
  }

  override toString(): string {
    return `Variable '${this.name}' ${this.dtype}[${this.dims.join(', ')}]`;
  }
}
