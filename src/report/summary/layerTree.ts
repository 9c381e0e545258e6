/**
 * The modules of a network as a tree. Exporters write the module of a node before its operator, `layer1/0/conv1/Conv`, with a slash in
 * front or without; PyTorch's repeats the parent in each step (`/layer1/layer1.0/conv1/Conv`).
 */
import type { SummaryLayer } from './summary.ts';

export interface TreeRow {
  /** 1 is the outermost. */
  readonly depth: number;
  readonly name: string;
  /** Indices of the layers that the row stands for. */
  readonly layers: readonly number[];
  /** Whether rows of its parts follow, so that its own figures would count twice. */
  readonly open: boolean;
}

interface Module {
  readonly children: Map<string, Module | number>;
  readonly layers: number[];
}

/** Steps of a path: modules, then the operator's own name. */
export function stepsOf(name: string): readonly string[] {
  const steps = name.split('/').filter((s) => s !== '');
  return steps.map((step, i) => {
    const parent = steps[i - 1];
    return parent !== undefined && step.startsWith(`${parent}.`) ? step.slice(parent.length + 1) : step;
  });
}

/**
 * Rows of the tree, modules before what they hold. A module with one node is one row, as is what lies deeper than `depth`.
 */
export function layerTree(layers: readonly SummaryLayer[], depth = Number.POSITIVE_INFINITY): readonly TreeRow[] {
  const root: Module = { children: new Map(), layers: [] };
  layers.forEach((layer, index) => {
    const steps = stepsOf(layer.name);
    let at = root;
    for (const step of steps.slice(0, -1)) {
      const next = at.children.get(step);
      const module: Module = typeof next === 'object' ? next : { children: new Map(), layers: [] };
      if (module !== next) at.children.set(step, module);
      module.layers.push(index);
      at = module;
    }
    at.children.set(`${steps.at(-1) ?? layer.op} ${index}`, index);
  });
  const rows: TreeRow[] = [];
  const walk = (module: Module, level: number): void => {
    for (const [name, child] of module.children) {
      if (typeof child === 'number') {
        rows.push({ depth: level, name: name.slice(0, name.lastIndexOf(' ')), layers: [child], open: false });
        continue;
      }
      const single = child.layers.length === 1;
      const open = !single && level < depth;
      // A path of modules with one node is one row, named by all of it.
      rows.push({ depth: level, name: single ? pathOf(name, child) : name, layers: child.layers, open });
      if (open) walk(child, level + 1);
    }
  };
  walk(root, 1);
  return rows;
}

function pathOf(name: string, module: Module): string {
  const [entry] = [...module.children];
  return entry === undefined || typeof entry[1] === 'number' ? name : `${name}/${pathOf(entry[0], entry[1])}`;
}
