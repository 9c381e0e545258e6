/** bindDims: symbolic dimensions get their sizes, and all types are inferred from them. */
import { inferTypes } from '#ops';
import { pass } from './pass.ts';

export const bindDims = pass({
  name: 'bindDims',
  summary: 'gives symbolic dimensions their sizes',
  run: (model, { dims, declared }) => (Object.keys(dims).length === 0 ? model : inferTypes(model, { dims, declared })),
});
