/** Trees: what functions over tensors take and give, tensors and plain values in arrays and objects. */
import { Tensor } from './tensor.ts';

export type Leaf = Tensor | number | string | boolean | null | undefined;
export type Tree = Leaf | readonly Tree[] | { readonly [key: string]: Tree };

export function mapTree(tree: Tree, f: (leaf: Leaf) => Leaf): Tree {
  if (Array.isArray(tree)) return tree.map((part: Tree) => mapTree(part, f));
  if (typeof tree === 'object' && tree !== null && !(tree instanceof Tensor)) {
    return Object.fromEntries(Object.entries(tree).map(([key, part]) => [key, mapTree(part as Tree, f)]));
  }
  return f(tree as Leaf);
}

export function flattenTree(tree: Tree): readonly Leaf[] {
  const leaves: Leaf[] = [];
  mapTree(tree, (leaf) => {
    leaves.push(leaf);
    return leaf;
  });
  return leaves;
}
