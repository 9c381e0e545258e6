/** A checkpoint resumed equals the run without it; see `support/checkpoints.ts`. */
import { testCheckpoints } from './support/checkpoints.ts';

testCheckpoints(1, 200);
