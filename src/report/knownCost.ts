/** The cost of a node, where its operator has a cost rule and all its shapes are known. */
import { type GraphNode, type Model, staticShape, typeOf } from '#ir';
import { type Cost, nodeCost, operatorIn } from '#ops';

export function knownCost(model: Model, node: GraphNode): Cost | undefined {
  const isOpen = (name: string): boolean => name !== '' && staticShape(typeOf(model.graph, name)) === undefined;
  if (operatorIn(model, node) === undefined || [...node.inputs, ...node.outputs].some(isOpen)) return undefined;
  return nodeCost(model, node);
}
