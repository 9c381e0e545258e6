/** Attributes as texts, by which nodes are told apart. */
import { type Attribute, tensorNumbers } from '#ir';

/** An attribute as a text that tells it from every other. */
export function attributeText(attribute: Attribute): string {
  switch (attribute.kind) {
    case 'int':
    case 'float':
      return numberText(attribute.value);
    case 'string':
      return JSON.stringify(attribute.value);
    case 'ints':
    case 'floats':
      return `[${attribute.value.map(numberText)}]`;
    case 'strings':
      return JSON.stringify(attribute.value);
    case 'tensor': {
      const { dtype, dims } = attribute.value;
      const data = dtype === 'string' ? JSON.stringify(attribute.value) : tensorNumbers(attribute.value).join();
      return `${dtype}[${dims}]{${data}}`;
    }
    default:
      return JSON.stringify(attribute, (_, v) => (typeof v === 'bigint' ? `${v}n` : v));
  }
}

/** −0 is not 0. */
const numberText = (value: number | bigint): string => (Object.is(value, -0) ? '-0' : `${value}`);
