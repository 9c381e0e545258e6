/** Resumed checkpoints of 10,000 more random programs. */
import { testCheckpoints } from './support/checkpoints.ts';

testCheckpoints(201, 10_000);
