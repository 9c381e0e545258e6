/**
 * A resolution prover for propositional logic (J. Robinson, A Machine-Oriented Logic Based on the Resolution Principle, JACM 12(1), 1965).
 * A clause is a set of literals that are joined by or; `-P` is not P.
 */
export type Clause = readonly string[];

const negated = (literal: string): string => (literal.startsWith('-') ? literal.slice(1) : `-${literal}`);
const keyOf = (clause: Clause): string => [...clause].sort().join(' ');
const isTautology = (clause: Clause): boolean => clause.some((l) => clause.includes(negated(l)));

/** P → Q. */
export const implies = (p: string, q: string): Clause => [negated(p), q];

export interface Proof {
  readonly proved: boolean;
  /** Clauses that were derived, in order, each with the two it came of; the empty one ends a proof. */
  readonly steps: readonly { readonly clause: Clause; readonly from: readonly [Clause, Clause] }[];
}

/** Whether the premises entail a literal: its opposite is added, and resolvents are formed until the empty clause or nothing new comes. */
export function prove(premises: readonly Clause[], goal: string): Proof {
  const clauses: Clause[] = [...premises, [negated(goal)]];
  const known = new Set(clauses.map(keyOf));
  const steps: { clause: Clause; from: [Clause, Clause] }[] = [];
  for (let i = 0; i < clauses.length; i++) {
    for (let k = 0; k < i; k++) {
      const [a, b] = [clauses[k]!, clauses[i]!];
      for (const literal of a.filter((l) => b.includes(negated(l)))) {
        const rest = [...a.filter((l) => l !== literal), ...b.filter((l) => l !== negated(literal))];
        const clause = [...new Set(rest)];
        if (known.has(keyOf(clause)) || isTautology(clause)) continue;
        known.add(keyOf(clause));
        clauses.push(clause);
        steps.push({ clause, from: [a, b] });
        if (clause.length === 0) return { proved: true, steps };
      }
    }
  }
  return { proved: false, steps };
}

export const clauseText = (clause: Clause): string =>
  clause.length === 0 ? '⊥' : clause.map((l) => l.replace('-', '¬')).join(' ∨ ');
