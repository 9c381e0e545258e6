/** Programs for several cores; see `support/spmd.ts`. */
import { testSpmd } from './support/spmd.ts';

testSpmd(1, 90);
