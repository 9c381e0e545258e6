/** Advice: rules that turn the figures of a run into changes, each confirmed by running it. */
export { type Advised, type AdviseOptions, adviseModel, rulesNamed } from './advise.ts';
export { advicePage, type WorkedExample } from './page.ts';
export { adviceRules } from './registry.ts';
export type { Change, Facts, Proposal, Rule } from './rule.ts';
